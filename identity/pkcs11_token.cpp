// SPDX-License-Identifier: Apache-2.0
#include "identity/pkcs11_token.hpp"

#include "identity/digest.hpp"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace ockam::identities {

namespace {

/// Most slots that are looked at.
constexpr std::size_t max_slots = 256;
/// The label of a token, filled up with blanks.
constexpr std::size_t label_size = 32;

/// DER of the name of P-256, 1.2.840.10045.3.1.7.
constexpr std::array<unsigned char, 10> p256_name{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

error failed(const char* what, CK_RV rv) {
  if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID)
    return {errc::permission_denied, "the PIN of the token is wrong", {}};
  if (rv == CKR_PIN_LOCKED)
    return {errc::permission_denied, "the token is locked: too many wrong PINs", {}};
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "0x%lx", rv);
  return {errc::io_failure, std::string{"the token: "} + what + " failed with PKCS#11 error " + number.data(), {}};
}

bool has_ended(CK_RV rv) {
  return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED || rv == CKR_DEVICE_REMOVED
         || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_USER_NOT_LOGGED_IN;
}

/// For the C interface, which takes what it only reads as mutable.
template <class T>
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const T& value) {
  return {type, const_cast<T*>(&value), sizeof value};
}

CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, bytes_view value) {
  return {type, const_cast<std::byte*>(value.data()), value.size()};
}

const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/// The point in the OCTET STRING of DER that the standard asks for, or as some tokens have it, alone.
result<verifying_key> key_of_point(bytes_view der) {
  constexpr std::size_t head = 2;
  verifying_key out{key_type::p256, {}};
  if (der.size() == head + out.size() && der[0] == std::byte{0x04} && der[1] == std::byte{65})
    der = der.subspan(head);
  if (der.size() != out.size() || der[0] != std::byte{0x04})
    return error{errc::unsupported, "the token has made a key that is no uncompressed point of P-256", {}};
  std::memcpy(out.data.data(), der.data(), der.size());
  return out;
}

result<CK_FUNCTION_LIST_PTR> load(const std::string& module) {
  void* library = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL); // stays: modules do not survive to be unloaded
  auto get = library ? reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList")) : nullptr;
  if (!get) {
    const char* why = ::dlerror();
    return error{errc::not_found, "no PKCS#11 module " + module + (why ? std::string{": "} + why : ""), {}};
  }
  CK_FUNCTION_LIST_PTR f = nullptr;
  CK_C_INITIALIZE_ARGS how{};
  how.flags = CKF_OS_LOCKING_OK;
  auto rv = get(&f);
  if (rv == CKR_OK)
    rv = f->C_Initialize(&how);
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
    return failed("C_Initialize", rv);
  return f;
}

result<CK_SLOT_ID> find_token(CK_FUNCTION_LIST_PTR f, const std::string& label) {
  std::array<CK_SLOT_ID, max_slots> slots{};
  CK_ULONG count = slots.size();
  if (auto rv = f->C_GetSlotList(CK_TRUE, slots.data(), &count); rv != CKR_OK)
    return failed("C_GetSlotList", rv);
  auto wanted = label;
  wanted.resize(label_size, ' ');
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info{};
    if (f->C_GetTokenInfo(slots[i], &info) == CKR_OK && std::memcmp(info.label, wanted.data(), label_size) == 0)
      return slots[i];
  }
  return error{errc::not_found, "no token with label " + label,
               "is it plugged in? p11tool --list-tokens shows those that are"};
}

} // namespace

struct pkcs11_token::session {
  CK_FUNCTION_LIST_PTR f = nullptr;
  std::string label;
  secret pin;
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  bool ended = false; ///< what was done last failed for that

  ~session() { close(); }
  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void close() {
    if (handle != CK_INVALID_HANDLE)
      (void)f->C_CloseSession(handle);
    handle = CK_INVALID_HANDLE;
  }

  result<void> open() {
    close();
    ended = false;
    auto slot = find_token(f, label);
    if (!slot)
      return std::move(slot).error();
    if (auto rv = f->C_OpenSession(*slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle); rv != CKR_OK)
      return failed("C_OpenSession", rv);
    auto secret_bytes = reinterpret_cast<unsigned char*>(pin.writable().data());
    auto rv = f->C_Login(handle, CKU_USER, secret_bytes, pin.size());
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
      return {};
    close();
    return failed("C_Login", rv);
  }

  error why(const char* what, CK_RV rv) {
    ended = ended || has_ended(rv);
    return failed(what, rv);
  }

  /// The objects of one class with this id.
  result<std::vector<CK_OBJECT_HANDLE>> find(CK_OBJECT_CLASS what, const digest& id) {
    std::array wanted{attribute(CKA_CLASS, what), attribute(CKA_ID, bytes_view{id})};
    std::array<CK_OBJECT_HANDLE, 4> found{};
    CK_ULONG count = 0;
    auto rv = f->C_FindObjectsInit(handle, wanted.data(), wanted.size());
    if (rv == CKR_OK) {
      rv = f->C_FindObjects(handle, found.data(), found.size(), &count);
      (void)f->C_FindObjectsFinal(handle);
    }
    if (rv != CKR_OK)
      return why("C_FindObjects", rv);
    return std::vector<CK_OBJECT_HANDLE>{found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  result<CK_OBJECT_HANDLE> private_key(const verifying_key& key) {
    auto found = find(CKO_PRIVATE_KEY, sha256(key.bytes()));
    if (!found)
      return std::move(found).error();
    if (found->empty())
      return error{errc::not_found, "the token has no such key", {}};
    return found->front();
  }

  void destroy(CK_OBJECT_HANDLE o) { (void)f->C_DestroyObject(handle, o); }

  /// Gives both halves the name under which they are found, which is that of the public one.
  result<verifying_key> name(CK_OBJECT_HANDLE public_half, CK_OBJECT_HANDLE private_half) {
    std::array<std::byte, 128> point{};
    CK_ATTRIBUTE ask{CKA_EC_POINT, point.data(), point.size()};
    if (auto rv = f->C_GetAttributeValue(handle, public_half, &ask, 1); rv != CKR_OK)
      return why("C_GetAttributeValue", rv);
    auto key = key_of_point(bytes_view{point}.first(std::min<std::size_t>(ask.ulValueLen, point.size())));
    if (!key)
      return key;
    auto id = sha256(key->bytes());
    auto set = attribute(CKA_ID, bytes_view{id});
    for (auto half : {public_half, private_half})
      if (auto rv = f->C_SetAttributeValue(handle, half, &set, 1); rv != CKR_OK)
        return why("C_SetAttributeValue", rv);
    return key;
  }
};

pkcs11_token::pkcs11_token(std::unique_ptr<session> s) : session_{std::move(s)} {}
pkcs11_token::pkcs11_token(pkcs11_token&&) noexcept = default;
pkcs11_token& pkcs11_token::operator=(pkcs11_token&&) noexcept = default;
pkcs11_token::~pkcs11_token() = default;

result<pkcs11_token> pkcs11_token::open(const std::string& module, const std::string& label, const secret& pin) {
  if (label.empty() || label.size() > label_size)
    return error{errc::invalid_argument, "the label of a token has 1 to 32 bytes", {}};
  auto f = load(module);
  if (!f)
    return std::move(f).error();
  auto s = std::make_unique<session>();
  s->f = *f;
  s->label = label;
  s->pin = pin.duplicate();
  if (auto ok = s->open(); !ok)
    return std::move(ok).error();
  return pkcs11_token{std::move(s)};
}

template <class F>
auto pkcs11_token::in_session(F&& f) -> decltype(f(std::declval<session&>())) {
  auto out = f(*session_);
  if (out || !session_->ended)
    return out;
  if (auto ok = session_->open(); !ok)
    return std::move(ok).error();
  return f(*session_);
}

result<verifying_key> pkcs11_token::new_key() {
  return in_session([](session& s) -> result<verifying_key> {
    CK_MECHANISM how{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    const CK_KEY_TYPE type = CKK_EC;
    std::array public_half{
      attribute(CKA_TOKEN, yes), attribute(CKA_KEY_TYPE, type), attribute(CKA_VERIFY, yes),
      attribute(CKA_EC_PARAMS, bytes_view{reinterpret_cast<const std::byte*>(p256_name.data()), p256_name.size()})};
    std::array private_half{attribute(CKA_TOKEN, yes),     attribute(CKA_KEY_TYPE, type),  attribute(CKA_PRIVATE, yes),
                            attribute(CKA_SENSITIVE, yes), attribute(CKA_EXTRACTABLE, no), attribute(CKA_SIGN, yes)};
    CK_OBJECT_HANDLE shown = CK_INVALID_HANDLE, hidden = CK_INVALID_HANDLE;
    auto rv = s.f->C_GenerateKeyPair(s.handle, &how, public_half.data(), public_half.size(), private_half.data(),
                                     private_half.size(), &shown, &hidden);
    if (rv != CKR_OK)
      return s.why("C_GenerateKeyPair", rv);
    auto key = s.name(shown, hidden);
    if (!key) {
      s.destroy(shown);
      s.destroy(hidden);
    }
    return key;
  });
}

result<signature> pkcs11_token::sign(const verifying_key& by, bytes_view message) {
  return in_session([&](session& s) -> result<signature> {
    auto key = s.private_key(by);
    if (!key)
      return std::move(key).error();
    CK_MECHANISM how{CKM_ECDSA, nullptr, 0};
    auto hash = sha256(message);
    signature out{key_type::p256, {}};
    CK_ULONG size = out.data.size();
    auto rv = s.f->C_SignInit(s.handle, &how, *key);
    if (rv == CKR_OK)
      rv = s.f->C_Sign(s.handle, reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                       reinterpret_cast<unsigned char*>(out.data.data()), &size);
    if (rv != CKR_OK)
      return s.why("C_Sign", rv);
    if (size != out.data.size())
      return error{errc::io_failure, "the token has made a signature of " + std::to_string(size) + " bytes", {}};
    return out;
  });
}

result<void> pkcs11_token::remove(const verifying_key& key) {
  return in_session([&](session& s) -> result<void> {
    auto id = sha256(key.bytes());
    if (auto there = s.private_key(key); !there)
      return std::move(there).error();
    for (CK_OBJECT_CLASS what : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
      auto found = s.find(what, id);
      if (!found)
        return std::move(found).error();
      for (auto o : *found)
        if (auto rv = s.f->C_DestroyObject(s.handle, o); rv != CKR_OK)
          return s.why("C_DestroyObject", rv);
    }
    return {};
  });
}

} // namespace ockam::identities
