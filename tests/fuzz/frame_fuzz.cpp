// Any bytes, as they came and with length and checksum made right, are refused or read to the end.
#include <hawser/interconnect/frame_layout.hpp>
#include "interconnect/frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser;
  const std::span<const std::byte> input{reinterpret_cast<const std::byte*>(data), size};
  std::string problem;
  test::accept(input, problem);
  if (size < preamble_bytes) return 0;
  std::vector<std::byte> mended{input.begin(), input.end()};
  mended.resize(layout::padded(mended.size()));
  layout::store(mended.data() + layout::magic_at, layout::magic);
  layout::seal(mended);
  test::accept(mended, problem);
  return 0;
}
