#pragma once

#include "lib/serve/http.h"

// The interface of libfdl_http.so, built with the program that loads it.
namespace fdl::serve {

// Null when it cannot listen there, with errno's value in `why`.
using StartHttp = HttpServer* (*)(const HttpSpec& spec, int& why) noexcept;

}  // namespace fdl::serve

extern "C" fdl::serve::HttpServer* fdl_start_http(const fdl::serve::HttpSpec& spec,
                                                  int& why) noexcept;
