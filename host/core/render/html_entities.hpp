// The names of HTML's character references.
#pragma once

#include <cstddef>

namespace core::render {

/// `name` ends in `;` unless it is also known without one.
struct HtmlEntity {
  const char* name;
  const char* text;
};
extern const HtmlEntity kHtmlEntities[];
extern const std::size_t kHtmlEntityCount;

}  // namespace core::render
