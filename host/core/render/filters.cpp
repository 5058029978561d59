#include "core/render/filters.hpp"

namespace core::render {

void register_filters(Registry& registry) {
  filters::register_text(registry);
  filters::register_wrap(registry);
  filters::register_urlize(registry);
  filters::register_numbers(registry);
  filters::register_sequences(registry);
  filters::register_choices(registry);
  filters::register_data(registry);
}

}  // namespace core::render
