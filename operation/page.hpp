// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ockam::operation {

/// The page that shows a node, as parts of the program: page/page.html, page.css and page.js. It loads nothing but these
/// and `/show`, and is a page for people who look, not an interface.
std::string_view page_html();
std::string_view page_css();
std::string_view page_js();

/// What a browser lets it do (Content Security Policy, level 3): nothing from elsewhere, no code in the markup, in no frame.
inline constexpr const char* page_policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
  "frame-ancestors 'none'";

} // namespace ockam::operation
