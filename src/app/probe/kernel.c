// SPDX-License-Identifier: Apache-2.0
// The proof that a device computes: 65536 elements go to it, a kernel that mixes each with its
// index by integer and single-precision arithmetic runs there, the results come back and every one
// is compared with this processor's. The kernel is PTX text for sm_30 (PTX ISA 4.0), which every
// driver since 2014 compiles for its GPU when it is loaded; so the driver's compiler
// (libnvidia-ptxjitcompiler) is proved too. The arithmetic is exact on both sides: 32-bit
// wrap-around, and IEEE multiplication, addition and division rounded to nearest (no fused
// operation).
#include <string.h>

#include "app/probe/cuda_driver.h"

enum { kElements = 65536, kThreads = 256, kPoison = 0xA5 };

static const char kPtx[] =
    ".version 4.0\n"
    ".target sm_30\n"
    ".address_size 64\n"
    ".visible .entry outboard_probe(\n"
    "  .param .u64 parameter_input,\n"
    "  .param .u64 parameter_output,\n"
    "  .param .u32 parameter_count)\n"
    "{\n"
    "  .reg .pred %past;\n"
    "  .reg .b32 %i, %count, %block, %size, %thread, %in, %mix, %part, %bits;\n"
    "  .reg .f32 %x, %y;\n"
    "  .reg .b64 %input, %output, %offset;\n"
    "  mov.u32 %block, %ctaid.x;\n"
    "  mov.u32 %size, %ntid.x;\n"
    "  mov.u32 %thread, %tid.x;\n"
    "  mad.lo.u32 %i, %block, %size, %thread;\n"
    "  ld.param.u32 %count, [parameter_count];\n"
    "  setp.ge.u32 %past, %i, %count;\n"
    "  @%past bra DONE;\n"
    "  ld.param.u64 %input, [parameter_input];\n"
    "  ld.param.u64 %output, [parameter_output];\n"
    "  cvta.to.global.u64 %input, %input;\n"
    "  cvta.to.global.u64 %output, %output;\n"
    "  mul.wide.u32 %offset, %i, 4;\n"
    "  add.u64 %input, %input, %offset;\n"
    "  add.u64 %output, %output, %offset;\n"
    "  ld.global.u32 %in, [%input];\n"
    "  mul.lo.u32 %part, %i, 2654435761;\n"  // mix = in + i * 2654435761
    "  add.u32 %mix, %in, %part;\n"
    "  shr.u32 %part, %mix, 15;\n"  // mix ^= mix >> 15
    "  xor.b32 %mix, %mix, %part;\n"
    "  and.b32 %part, %in, 65535;\n"  // x = (in & 65535) * 1.5 + i
    "  cvt.rn.f32.u32 %x, %part;\n"
    "  mul.rn.f32 %x, %x, 0f3FC00000;\n"
    "  cvt.rn.f32.u32 %y, %i;\n"
    "  add.rn.f32 %x, %x, %y;\n"
    "  div.rn.f32 %x, %x, 0f40E00000;\n"  // x /= 7
    "  mov.b32 %bits, %x;\n"
    "  xor.b32 %mix, %mix, %bits;\n"  // out = mix ^ bits of x
    "  st.global.u32 [%output], %mix;\n"
    "DONE:\n"
    "  ret;\n"
    "}\n";

static uint32_t host_input[kElements];
static uint32_t host_output[kElements];

static uint32_t expected_at(uint32_t i) {
  const uint32_t in = host_input[i];
  uint32_t mix = in + i * 2654435761U;
  mix ^= mix >> 15;
  float x = (float)(in & 65535U) * 1.5F;
  x = x + (float)i;
  x = x / 7.0F;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return mix ^ bits;
}

/// What must be given back, in the order in which it was taken.
struct taken {
  bool context;
  cuda_module module;
  cuda_address input;
  cuda_address output;
};

static bool has_all(const struct cuda_driver* cuda) {
  return cuda->context_retain != NULL && cuda->context_release != NULL &&
         cuda->context_set != NULL && cuda->context_synchronize != NULL &&
         cuda->module_load != NULL && cuda->module_unload != NULL &&
         cuda->module_function != NULL && cuda->allocate != NULL && cuda->release != NULL &&
         cuda->copy_to_device != NULL && cuda->copy_to_host != NULL && cuda->launch != NULL;
}

/// The first step that failed, or nothing; its result is in `*result`.
static const char* compute(const struct cuda_driver* cuda, cuda_device device, struct taken* taken,
                           cuda_result* result) {
  cuda_context context = NULL;
  if ((*result = cuda->context_retain(&context, device)) != kCudaSuccess) {
    return "cuDevicePrimaryCtxRetain";
  }
  taken->context = true;
  if ((*result = cuda->context_set(context)) != kCudaSuccess) return "cuCtxSetCurrent";
  if ((*result = cuda->module_load(&taken->module, kPtx)) != kCudaSuccess)
    return "cuModuleLoadData";
  cuda_function function = NULL;
  *result = cuda->module_function(&function, taken->module, "outboard_probe");
  if (*result != kCudaSuccess) return "cuModuleGetFunction";
  if ((*result = cuda->allocate(&taken->input, sizeof host_input)) != kCudaSuccess)
    return "cuMemAlloc";
  if ((*result = cuda->allocate(&taken->output, sizeof host_output)) != kCudaSuccess) {
    return "cuMemAlloc";
  }
  *result = cuda->copy_to_device(taken->input, host_input, sizeof host_input);
  if (*result != kCudaSuccess) return "cuMemcpyHtoD";
  // Poison on the device and here: a kernel or a copy that does nothing cannot pass.
  *result = cuda->copy_to_device(taken->output, host_output, sizeof host_output);
  if (*result != kCudaSuccess) return "cuMemcpyHtoD";
  uint32_t count = kElements;
  void* parameters[] = {&taken->input, &taken->output, &count};
  *result =
      cuda->launch(function, kElements / kThreads, 1, 1, kThreads, 1, 1, 0, NULL, parameters, NULL);
  if (*result != kCudaSuccess) return "cuLaunchKernel";
  if ((*result = cuda->context_synchronize()) != kCudaSuccess) return "cuCtxSynchronize";
  *result = cuda->copy_to_host(host_output, taken->output, sizeof host_output);
  return *result == kCudaSuccess ? NULL : "cuMemcpyDtoH";
}

static void give_back(const struct cuda_driver* cuda, cuda_device device,
                      const struct taken* taken) {
  if (taken->output != 0) cuda->release(taken->output);
  if (taken->input != 0) cuda->release(taken->input);
  if (taken->module != NULL) cuda->module_unload(taken->module);
  if (taken->context) {
    cuda->context_set(NULL);
    cuda->context_release(device);
  }
}

static void compare(struct kernel_finding* out) {
  for (uint32_t i = 0; i < kElements; i++) {
    const uint32_t expected = expected_at(i);
    if (host_output[i] == expected) continue;
    if (out->wrong_count++ == 0) {
      out->first_wrong = i;
      out->expected = expected;
      out->got = host_output[i];
    }
  }
}

void run_kernel(const struct cuda_driver* cuda, cuda_device device, struct kernel_finding* out) {
  if (!has_all(cuda)) {
    copy_text(out->result, sizeof out->result,
              "error: libcuda.so.1 lacks a function that a kernel needs");
    return;
  }
  for (uint32_t i = 0; i < kElements; i++) host_input[i] = i * 747796405U + 2891336453U;
  memset(host_output, kPoison, sizeof host_output);
  struct taken taken;
  memset(&taken, 0, sizeof taken);
  cuda_result result = kCudaSuccess;
  const char* failed = compute(cuda, device, &taken, &result);
  give_back(cuda, device, &taken);
  if (failed != NULL) {
    char name[96];
    cuda_error_name(cuda, result, name, sizeof name);
    copy_text(out->step, sizeof out->step, failed);
    copy_text(out->result, sizeof out->result, "error: ");
    copy_text(out->result + 7, sizeof out->result - 7, name);
    return;
  }
  compare(out);
  copy_text(out->result, sizeof out->result, out->wrong_count == 0 ? "ok" : "wrong");
}
