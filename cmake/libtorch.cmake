# Finds the active libtorch (libtorch/.active, written by `fdl libtorch install`). Without one only
# the torch-free half is built, which is enough to install it.

set(FDL_LIBTORCH "" CACHE PATH "A libtorch folder to use instead of the active one")
set(FDL_TORCH OFF)
set(torch_root "${FDL_LIBTORCH}")
set(active_file ${CMAKE_SOURCE_DIR}/libtorch/.active)
if(NOT torch_root AND EXISTS ${active_file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${active_file})
  file(STRINGS ${active_file} active LIMIT_COUNT 1)
  set(torch_root ${CMAKE_SOURCE_DIR}/libtorch/${active})
endif()
# Variants of one version hold the same headers and the same libtorch_cpu, and `fdl` shows the engine
# the active one: what was built with one is kept, so that switching builds nothing again.
function(version_of folder result)
  set(version "")
  if(EXISTS "${folder}/build-version")
    file(STRINGS "${folder}/build-version" version LIMIT_COUNT 1)
    string(REGEX REPLACE "[+].*" "" version "${version}")
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
if(torch_root AND NOT FDL_LIBTORCH)
  version_of("${FDL_LIBTORCH_OF_BUILD}" former_version)
  version_of("${torch_root}" active_version)
  if(active_version AND former_version STREQUAL active_version
     AND EXISTS ${FDL_LIBTORCH_OF_BUILD}/lib/libtorch_cpu.so)
    set(torch_root ${FDL_LIBTORCH_OF_BUILD})
  endif()
  set(FDL_LIBTORCH_OF_BUILD "${torch_root}" CACHE INTERNAL "The libtorch folder this was built with")
endif()
option(FDL_CORE_ONLY "Build without libtorch even where there is one" OFF)
if(NOT FDL_CORE_ONLY AND torch_root AND EXISTS ${torch_root}/lib/libtorch_cpu.so)
  set(FDL_TORCH ON)
  add_library(fdl_torch INTERFACE)
  # After the system's own headers: libtorch brings another fmt, whose code is not in the system's.
  target_compile_options(fdl_torch INTERFACE "SHELL:-idirafter \"${torch_root}/include\""
    "SHELL:-idirafter \"${torch_root}/include/torch/csrc/api/include\"")
  target_link_directories(fdl_torch INTERFACE ${torch_root}/lib)
  target_link_libraries(fdl_torch INTERFACE -ltorch_cpu -lc10)
  target_link_options(fdl_torch INTERFACE -Wl,-rpath,${torch_root}/lib -Wl,--no-as-needed)
  # libtorch's own headers do not pass -Wconversion where they instantiate in our code.
  target_compile_options(fdl_torch INTERFACE -Wno-conversion -Wno-shadow -Wno-sign-conversion)
  # at::parallel_for stands in libtorch's headers, and runs on one thread where the compiler does not
  # know OpenMP. The runtime must be libtorch's own, as each has threads of its own; clang's is another.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    file(GLOB libtorch_openmp ${torch_root}/lib/libgomp*.so*)
    list(APPEND libtorch_openmp gomp)
    list(GET libtorch_openmp 0 libtorch_openmp)
    target_compile_options(fdl_torch INTERFACE -fopenmp)
    target_link_libraries(fdl_torch INTERFACE ${libtorch_openmp})
  else()
    message(STATUS "${CMAKE_CXX_COMPILER_ID}: without OpenMP, loops of our own take one thread")
  endif()
  # Tensors cost seconds to parse; each torch target parses them once.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(fdl_torch INTERFACE -fpch-preprocess)  # lets ccache see what it holds
  endif()
  target_precompile_headers(fdl_torch INTERFACE <ATen/core/Tensor.h>)
endif()
