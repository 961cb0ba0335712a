// SPDX-License-Identifier: Apache-2.0
#include "services/plugin_file.hpp"

#include "runtime/core/address.hpp"
#include "runtime/workers/plugin.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace ockam {

namespace {

/// What linkers make has a dozen.
constexpr std::size_t most_program_headers = 128;
/// Bytes of all notes: those of some thousand source files.
constexpr std::uint64_t most_notes = 1u << 20;

#if defined(__x86_64__)
constexpr std::uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t this_machine = EM_RISCV;
#else
#error "the number of this machine in ELF files"
#endif

std::string machine_name(std::uint16_t m) {
  switch (m) {
    case EM_X86_64: return "x86-64";
    case EM_AARCH64: return "AArch64";
    case EM_RISCV: return "RISC-V";
    case EM_386: return "i386";
    case EM_ARM: return "ARM";
    case EM_PPC64: return "PowerPC";
    case EM_S390: return "S/390";
    default: return "of number " + std::to_string(m);
  }
}

error refused(std::string cause, std::string hint) {
  return {errc::unsupported, std::move(cause), std::move(hint)};
}

error no_shared_object() {
  return refused("it is not a shared object", "a plugin is made by: c++ -std=c++20 -shared -fPIC");
}

error damaged(const std::string& how) {
  return refused("it is damaged: " + how, "copy or build it again");
}

error other_machine(const std::string& what) {
  return refused("it was built for another machine, " + what + "; this one is " + machine_name(this_machine), "build it on this machine");
}

/// One note of ours: its type and what it says.
struct note {
  std::uint32_t type;
  std::span<const std::byte> what;
};

/// A 64-bit little-endian ELF file (System V gABI, chapters 4 and 5), as far as it matters here. Every size and place
/// that it names is compared with what there is before it is used.
class elf_file {
 public:
  explicit elf_file(const file_parts& file) : file_{file} {}

  /// Reads the headers. Must come first, and succeed.
  result<void> open() {
    if (!get(0, &head_, sizeof head_) || std::memcmp(head_.e_ident, ELFMAG, SELFMAG) != 0)
      return no_shared_object();
    if (head_.e_ident[EI_CLASS] != ELFCLASS64)
      return other_machine("of 32 bits");
    if (head_.e_ident[EI_DATA] != ELFDATA2LSB)
      return other_machine("with the other byte order");
    if (head_.e_machine != this_machine)
      return other_machine(machine_name(head_.e_machine));
    if (head_.e_type != ET_DYN || head_.e_ident[EI_VERSION] != EV_CURRENT)
      return no_shared_object();
    if (head_.e_phentsize != sizeof(Elf64_Phdr) || head_.e_phnum == 0 || head_.e_phnum > most_program_headers)
      return damaged("its program headers are none, or too many");
    segments_.resize(head_.e_phnum);
    if (!get(head_.e_phoff, segments_.data(), segments_.size() * sizeof(Elf64_Phdr)))
      return damaged("its program headers are cut off");
    if (!lies_within(head_.e_shoff, std::uint64_t{head_.e_shnum} * head_.e_shentsize, file_.size))
      return cut_off(); // what they say is not used, but they stand at the end
    return check_segments();
  }

  /// The notes that say what it was built for.
  result<std::vector<note>> notes() {
    std::vector<note> out;
    std::uint64_t left = most_notes;
    for (const auto& s : segments_) {
      if (s.p_type != PT_NOTE)
        continue;
      if (s.p_filesz > left)
        return damaged("it has too many notes");
      left -= s.p_filesz;
      auto& bytes = blocks_.emplace_back(s.p_filesz);
      if (!get(s.p_offset, bytes.data(), bytes.size()))
        return damaged("its notes are cut off");
      if (auto ok = read_notes(bytes, s.p_align == 8 ? 8 : 4, out); !ok)
        return std::move(ok).error();
    }
    return out;
  }

 private:
  bool get(std::uint64_t offset, void* into, std::size_t n) const {
    return lies_within(offset, n, file_.size) && file_.read(offset, {static_cast<std::byte*>(into), n});
  }

  error cut_off() const { return damaged("it has " + std::to_string(file_.size) + " bytes, and its headers speak of more"); }

  static bool lies_within(std::uint64_t offset, std::uint64_t n, std::uint64_t size) { return offset <= size && n <= size - offset; }

  /// What the dynamic linker maps without a look: touching a page behind the end of a file would end the process.
  result<void> check_segments() const {
    std::uint64_t end = 0; // of the memory before
    bool dynamic = false;
    for (const auto& s : segments_) {
      if (s.p_type == PT_LOAD) {
        if (!lies_within(s.p_offset, s.p_filesz, file_.size))
          return cut_off();
        if (s.p_filesz > s.p_memsz || s.p_vaddr < end || s.p_memsz > UINT64_MAX - s.p_vaddr)
          return damaged("its segments overlap");
        end = s.p_vaddr + s.p_memsz;
      } else if ((s.p_type == PT_DYNAMIC || (s.p_type == PT_TLS && s.p_filesz > 0)) && !is_loaded(s)) {
        return damaged("a segment of it is in no memory");
      }
      dynamic = dynamic || (s.p_type == PT_DYNAMIC && s.p_filesz >= sizeof(Elf64_Dyn));
    }
    if (!dynamic)
      return no_shared_object();
    return {};
  }

  bool is_loaded(const Elf64_Phdr& part) const {
    return std::any_of(segments_.begin(), segments_.end(), [&](const auto& s) {
      return s.p_type == PT_LOAD && part.p_vaddr >= s.p_vaddr && lies_within(part.p_vaddr - s.p_vaddr, part.p_filesz, s.p_filesz);
    });
  }

  static result<void> read_notes(std::span<const std::byte> in, std::uint64_t alignment, std::vector<note>& out) {
    auto aligned = [&](std::uint64_t n) { return (n + alignment - 1) / alignment * alignment; };
    while (in.size() >= sizeof(Elf64_Nhdr)) {
      Elf64_Nhdr h;
      std::memcpy(&h, in.data(), sizeof h);
      auto begin = aligned(sizeof h + std::uint64_t{h.n_namesz});
      if (!lies_within(begin, h.n_descsz, in.size()))
        return damaged("a note of it is cut off");
      constexpr auto owner = plugin_note<plugin_interface>::owner;
      if (h.n_namesz == owner.size() && std::memcmp(in.data() + sizeof h, owner.data(), owner.size()) == 0)
        out.push_back({h.n_type, in.subspan(begin, h.n_descsz)});
      in = in.subspan(std::min<std::uint64_t>(aligned(begin + h.n_descsz), in.size()));
    }
    return {};
  }

  const file_parts& file_;
  Elf64_Ehdr head_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<std::vector<std::byte>> blocks_; ///< what notes are in
};

const std::string build_again = "build it against the headers of this node";

/// What a note says, as far as it has that: one of another version may be shorter or longer.
template <class Interface>
Interface read_interface(std::span<const std::byte> in) {
  Interface out;
  std::array<std::byte, sizeof(Interface)> whole{};
  std::copy_n(in.begin(), std::min(in.size(), whole.size()), whole.begin());
  std::memcpy(&out, whole.data(), whole.size());
  return out;
}

std::string differ(std::string_view what, std::uint32_t theirs, std::uint32_t ours) {
  return std::string{what} + " " + std::to_string(theirs) + ", this node has " + std::to_string(ours);
}

error other_headers(const plugin_interface& theirs, const plugin_interface& ours) {
  auto version = printable(theirs.version.text());
  if (version != ours.version.text())
    return refused("it was built for the interface of ockam " + version + ", this node has that of " + std::string{ours.version.text()}, build_again);
  auto brief = [](const plugin_interface& i) { return printable(i.headers.text().substr(0, 8)); };
  return refused("it was built for another interface: its headers are " + brief(theirs) + ", those of this node " + brief(ours)
                   + ", both of ockam " + version, build_again);
}

result<void> check_interface(const plugin_interface& theirs) {
  constexpr plugin_interface ours;
  if (theirs.size != ours.size)
    return other_headers(theirs, ours);
  if (theirs.compiler != ours.compiler)
    return refused(differ("it was built with compiler ABI", theirs.compiler, ours.compiler), "build it with the compiler of this node");
  if (theirs.sanitized != ours.sanitized)
    return refused(ours.sanitized ? "this node was built with a sanitizer, it was not" : "it was built with a sanitizer, this node was not",
                   "build both alike");
  if (theirs.strings != ours.strings)
    return refused("it was built with another std::string", "build it with the same _GLIBCXX_USE_CXX11_ABI");
  if (theirs.checked_library != ours.checked_library)
    return refused("it was built with another standard library", "build it with the same _GLIBCXX_DEBUG");
  if (theirs.headers != ours.headers)
    return other_headers(theirs, ours);
  // Equal headers, so options of the compiler, or headers that were changed behind the back of the package.
  if (theirs.message_size != ours.message_size)
    return refused(differ("it was built for messages of size", theirs.message_size, ours.message_size), build_again);
  if (theirs.worker_size != ours.worker_size)
    return refused(differ("it was built for workers of size", theirs.worker_size, ours.worker_size), build_again);
  if (theirs.options_size != ours.options_size)
    return refused(differ("it was built for options of size", theirs.options_size, ours.options_size), build_again);
  if (theirs.behind_worker != ours.behind_worker)
    return refused("it was built for workers with other virtual functions", build_again);
  return {};
}

std::string caf_text(std::uint32_t n) {
  return std::to_string(n / 10000) + "." + std::to_string(n / 100 % 100) + "." + std::to_string(n % 100);
}

result<void> check_interface(const actor_interface& theirs) {
  constexpr actor_interface ours{.caf = OCKAM_CAF};
  if (theirs.size == ours.size && theirs.caf != ours.caf)
    return refused("it was built with CAF " + caf_text(theirs.caf) + ", this node has " + caf_text(ours.caf), "build it with the CAF of this node");
  if (theirs.size != ours.size || theirs.headers != ours.headers)
    return refused("it was built for other actors than those of this node (<ockam/actor.hpp>)", build_again);
  return {};
}

} // namespace

result<void> check_plugin(const file_parts& file) {
  elf_file elf{file};
  if (auto ok = elf.open(); !ok)
    return ok;
  auto notes = elf.notes();
  if (!notes)
    return std::move(notes).error();
  bool said = false;
  for (const auto& n : *notes) {
    result<void> ok;
    if (n.type == plugin_note<plugin_interface>::type_of_note)
      ok = check_interface(read_interface<plugin_interface>(n.what));
    else if (n.type == plugin_note<actor_interface>::type_of_note)
      ok = check_interface(read_interface<actor_interface>(n.what));
    if (!ok)
      return ok;
    said = said || n.type == plugin_note<plugin_interface>::type_of_note;
  }
  if (!said)
    return refused("it does not say what it was built for", "a plugin includes <ockam/service.hpp>, that of this node");
  return {};
}

result<void> check_plugin_file(const std::string& path) {
  struct close_file {
    int fd;
    ~close_file() { ::close(fd); }
  };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe would wait for its writer
  if (fd < 0)
    return errno == ENOENT ? error{errc::not_found, "there is no file " + printable(path), {}} : system_error("it cannot be opened", errno);
  close_file at_end{fd};
  struct stat about{};
  if (::fstat(fd, &about) != 0)
    return system_error("it cannot be read", errno);
  if (!S_ISREG(about.st_mode))
    return refused("it is not a file", {});
  file_parts file{static_cast<std::uint64_t>(about.st_size), [fd](std::uint64_t offset, std::span<std::byte> into) {
    while (!into.empty()) {
      auto n = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return false;
      into = into.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return true;
  }};
  return check_plugin(file);
}

} // namespace ockam
