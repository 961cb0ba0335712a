// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/plugin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <elf.h>
#include <optional>
#include <vector>

namespace ockam {

/// The smallest file that passes for a plugin of this node, or does not, after a change:
///
///     | ELF header | program headers: LOAD, NOTE, DYNAMIC | notes | an empty dynamic section |
struct elf_image {
  /// Stands for what fits the rest.
  static constexpr std::uint64_t right = 0x5555555555555555;

  Elf64_Ehdr head{};
  std::vector<Elf64_Phdr> segments;
  std::vector<plugin_interface> services{1};
  std::vector<actor_interface> actors;
  std::uint64_t note_alignment = 8;
  std::optional<std::uint32_t> note_size, note_name_size; ///< as the notes say

  elf_image() {
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    head.e_type = ET_DYN;
#if defined(__aarch64__)
    head.e_machine = EM_AARCH64;
#elif defined(__riscv)
    head.e_machine = EM_RISCV;
#else
    head.e_machine = EM_X86_64;
#endif
    head.e_version = EV_CURRENT;
    head.e_ehsize = sizeof(Elf64_Ehdr);
    head.e_phoff = sizeof(Elf64_Ehdr);
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = static_cast<Elf64_Half>(right);
    for (auto type : {PT_LOAD, PT_NOTE, PT_DYNAMIC})
      segments.push_back({static_cast<Elf64_Word>(type), PF_R, right, right, 0, right, right, right});
  }

  std::vector<std::byte> bytes() const {
    std::vector<std::byte> notes;
    for (const auto& s : services)
      add_note(notes, s);
    for (const auto& a : actors)
      add_note(notes, a);
    const auto notes_at = sizeof(Elf64_Ehdr) + segments.size() * sizeof(Elf64_Phdr);
    const auto dynamic_at = notes_at + notes.size();
    const auto end = dynamic_at + 2 * sizeof(Elf64_Dyn);
    auto whole = head;
    if (whole.e_phnum == static_cast<Elf64_Half>(right))
      whole.e_phnum = static_cast<Elf64_Half>(segments.size());
    std::vector<std::byte> out;
    add(out, whole);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      auto s = segments[i];
      auto begin = i == 1 ? notes_at : i == 2 ? dynamic_at : 0;
      auto size = i == 1 ? notes.size() : i == 2 ? end - dynamic_at : end;
      auto fill = [](auto& field, std::uint64_t with) { field = field == right ? with : field; };
      fill(s.p_offset, begin);
      fill(s.p_vaddr, begin);
      fill(s.p_filesz, size);
      fill(s.p_memsz, size);
      fill(s.p_align, i == 1 ? note_alignment : 8);
      add(out, s);
    }
    out.insert(out.end(), notes.begin(), notes.end());
    out.resize(end);
    return out;
  }

 private:
  template <class T>
  static void add(std::vector<std::byte>& out, const T& what) {
    auto at = out.size();
    out.resize(at + sizeof what);
    std::memcpy(out.data() + at, &what, sizeof what);
  }

  template <class Interface>
  void add_note(std::vector<std::byte>& out, const Interface& what) const {
    plugin_note<Interface> n;
    n.what = what;
    n.size = note_size.value_or(n.size);
    n.name_size = note_name_size.value_or(n.name_size);
    add(out, n);
  }
};

} // namespace ockam
