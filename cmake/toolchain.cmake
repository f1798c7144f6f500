# Language level, warnings, sanitizers; ccache and mold where present.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(RMQ_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(RMQ_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # base_dir makes hits survive another checkout folder (CI's clone).
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror=return-type
  -Wno-missing-field-initializers -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections -Wl,--as-needed)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
if(RMQ_SANITIZE)
  add_compile_options(-fsanitize=${RMQ_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${RMQ_SANITIZE})
endif()
if(RMQ_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Asio in header-only form, without the deprecated parts and without exceptions we never look at.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB)
