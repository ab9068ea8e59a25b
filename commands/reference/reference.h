#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/catalog/catalog.h"

// The pages of docs/reference, made from the declarations that the program itself runs by.
namespace fdl::commands {

struct Page {
  std::filesystem::path path;  // within docs/reference: "modules/conv2d.md"
  std::string text;
};

// All of them, in a fixed order.
std::vector<Page> reference_pages();

// The JSON Schema (draft 2020-12) of manifests.
std::string manifest_schema();

// The parts, each with a page of its own list at its head.
std::vector<Page> catalog_pages();
std::vector<Page> language_pages();

// A table of parameters or keys with their types, defaults and meanings; "" without any.
std::string field_table(const config::RecordSpec& record);

}  // namespace fdl::commands
