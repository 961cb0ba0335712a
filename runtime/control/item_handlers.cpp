// SPDX-License-Identifier: Apache-2.0
// Requests about what facilities have: create, list, delete.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/suggest.hpp"

namespace ockam {

result<facility*> control_handlers::facility_of(const std::string& kind) const {
  if (auto* f = parts_.facilities.find(kind))
    return f;
  return error{errc::unsupported, "this node has no " + printable(kind), "is the command line newer than the node?"};
}

control::Response control_handlers::item_of(const std::string& kind, const std::string& name) const {
  control::Response r;
  r.mutable_items();
  if (auto f = facility_of(kind))
    for (const auto& i : (*f)->list())
      if (i.name == name)
        render(*r.mutable_items()->add_items(), kind, i);
  return r;
}

void control_handlers::create_item(requester from, const control::CreateItem& m) {
  auto f = facility_of(m.kind());
  if (!f)
    return answer(from, f.error());
  auto begun = (*f)->begin({m.kind(), m.name(), values_of<option_texts>(m.keys())});
  if (!begun)
    return answer(from, begun.error());
  log(level::info, "control", "began [" + m.kind() + " " + printable(begun->name) + "]");
  auto wait = std::chrono::milliseconds{m.wait_ms()};
  parts_.sections.began(*begun, begun->name, [this, from, f = *f, kind = m.kind(), name = begun->name, wait](result<void> kept) {
    if (!kept) {
      (void)f->end(name);
      return answer(from, kept.error());
    }
    if (wait.count() == 0)
      return answer(from, item_of(kind, name));
    f->when_settled(name, wait, [this, from, kind, name, here = std::weak_ptr{here_}] {
      if (!here.expired())
        answer(from, item_of(kind, name));
    });
  });
}

void control_handlers::list_items(requester from, const control::ListItems& m) {
  auto f = facility_of(m.kind());
  if (!f)
    return answer(from, f.error());
  // One more than are waited for, so that there is one answer where none is.
  auto left = std::make_shared<std::size_t>(1);
  auto settled = [this, from, f = *f, kind = m.kind(), left, here = std::weak_ptr{here_}] {
    if (--*left > 0 || here.expired())
      return;
    control::Response r;
    r.mutable_items();
    for (const auto& i : f->list())
      render(*r.mutable_items()->add_items(), kind, i);
    answer(from, std::move(r));
  };
  if (auto wait = std::chrono::milliseconds{m.wait_ms()}; wait.count() > 0)
    for (const auto& i : (*f)->list()) {
      ++*left;
      (*f)->when_settled(i.name, wait, settled);
    }
  settled();
}

void control_handlers::delete_item(requester from, const control::DeleteItem& m) {
  auto f = facility_of(m.kind());
  if (!f)
    return answer(from, f.error());
  if (auto ok = (*f)->end(m.name()); !ok) {
    std::vector<std::string> names;
    for (auto& i : (*f)->list())
      names.push_back(std::move(i.name));
    auto e = std::move(ok).error();
    if (auto near = nearest(m.name(), names))
      e.hint = "did you mean " + printable(*near) + "?";
    return answer(from, e);
  }
  log(level::info, "control", "deleted [" + m.kind() + " " + printable(m.name()) + "]");
  let_go(m.kind(), m.name(), from);
}

} // namespace ockam
