# Writes OUT, a C++ source with the page's three texts: PAGE/page.html, the style sheets, and the
# scripts in the order of PAGE/files.txt, a library's before them.
#
# cmake -DPAGE=... -DLIBRARY_SCRIPT=... -DLIBRARY_STYLE=... -DOUT=... -P embed_page.cmake

# A text as a C++ constant: a compiler takes literals of at least 64 KiB, joined ones of any length.
function(fdl_constant name text variable)
  string(LENGTH "${text}" length)
  set(code "extern const char* const ${name};\nconst char* const ${name} =")
  set(begin 0)
  while(begin LESS length)
    string(SUBSTRING "${text}" ${begin} 12000 piece)
    string(APPEND code "\n    R\"fdlpage(${piece})fdlpage\"")
    math(EXPR begin "${begin} + 12000")
  endwhile()
  set(${variable} "${code};\n" PARENT_SCOPE)
endfunction()

# Maps of sources are not there to be asked for.
function(fdl_read file variable)
  file(READ ${file} text)
  string(REGEX REPLACE "\n/[/*]# sourceMappingURL=[^\n]*" "" text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

fdl_read(${PAGE}/page.html html)
fdl_read(${LIBRARY_STYLE} style)
fdl_read(${PAGE}/page.css own_style)
fdl_read(${LIBRARY_SCRIPT} script)
file(STRINGS ${PAGE}/files.txt files)
foreach(file IN LISTS files)
  fdl_read(${PAGE}/${file} one)
  string(APPEND script "\n${one}")
endforeach()
fdl_constant(kPageHtml "${html}" html_code)
fdl_constant(kPageStyle "${style}\n${own_style}" style_code)
fdl_constant(kPageScript "${script}" script_code)
file(WRITE ${OUT} "namespace fdl::monitor {\n${html_code}${style_code}${script_code}}\n")
