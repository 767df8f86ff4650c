# cmake -DFOLDER=inspect/page -DOUT=page_text.cpp -P HawserPage.cmake: one document from page.html, its styles and its scripts,
# and the policy that lets exactly those run. A policy names a style or script by the base64 of its SHA-256.
cmake_minimum_required(VERSION 3.25)

function(read_all result)
  set(all "")
  foreach(path IN LISTS ARGN)
    file(READ "${path}" text)
    string(APPEND all "${text}")
  endforeach()
  set(${result} "${all}" PARENT_SCOPE)
endfunction()

function(base64_hash result text)
  set(letters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 digest "${text}")
  string(APPEND digest "00")  # 66 digits of four bits each are 44 letters of six; the last one is padding
  set(out "")
  foreach(at RANGE 0 63 3)
    string(SUBSTRING "${digest}" ${at} 3 digits)
    math(EXPR high "0x${digits} >> 6")
    math(EXPR low "0x${digits} & 63")
    string(SUBSTRING "${letters}" ${high} 1 first)
    string(SUBSTRING "${letters}" ${low} 1 second)
    string(APPEND out "${first}${second}")
  endforeach()
  string(SUBSTRING "${out}" 0 43 out)
  set(${result} "sha256-${out}=" PARENT_SCOPE)
endfunction()

# Literals may have 64 KiB in some compilers.
function(literal result text)
  set(out "")
  string(LENGTH "${text}" length)
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND out "R\"hawser(${piece})hawser\"\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  set(${result} "${out}" PARENT_SCOPE)
endfunction()

file(GLOB styles "${FOLDER}/*.css")
file(GLOB scripts "${FOLDER}/*.js")
read_all(style ${styles})
read_all(script ${scripts})
# Between its marks: what is hashed is exactly what stands between the tags.
set(style "\n${style}")
set(script "\n${script}")
file(READ "${FOLDER}/page.html" document)
string(REPLACE "<!--STYLE-->" "<style>${style}</style>" document "${document}")
string(REPLACE "<!--SCRIPT-->" "<script>${script}</script>" document "${document}")
base64_hash(style_hash "${style}")
base64_hash(script_hash "${script}")
set(policy "default-src 'none'; style-src '${style_hash}'; script-src '${script_hash}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
literal(document_literal "${document}")
file(WRITE "${OUT}" "// Made from inspect/page by cmake/HawserPage.cmake.
#include <hawser/inspect/page.hpp>

namespace hawser {

std::string_view page_text() {
  return
${document_literal};
}
std::string_view page_policy() {
  return R\"hawser(${policy})hawser\";
}

}  // namespace hawser
")
