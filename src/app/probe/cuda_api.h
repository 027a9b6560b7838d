// SPDX-License-Identifier: Apache-2.0
// The part of the CUDA driver API that the probe calls and the simulated libcuda offers: own
// declarations after the document "CUDA Driver API" (docs.nvidia.com/cuda/cuda-driver-api, sections
// Data types, Initialization, Device Management, Primary Context, Module, Memory, Execution
// Control). Names of libcuda.so.1 symbols carry the version suffix that the library exports
// (cuMemAlloc_v2).
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef int cuda_result;        ///< CUresult
typedef int cuda_device;        ///< CUdevice: a handle, equal to the ordinal today
typedef uint64_t cuda_address;  ///< CUdeviceptr on 64-bit machines
typedef struct cuda_context_state* cuda_context;    ///< CUcontext
typedef struct cuda_module_state* cuda_module;      ///< CUmodule
typedef struct cuda_function_state* cuda_function;  ///< CUfunction
typedef struct cuda_stream_state* cuda_stream;  ///< CUstream; a null pointer is the default stream

/// CUuuid: the 16 octets in the order in which the text form prints them.
typedef struct {
  unsigned char bytes[16];
} cuda_uuid;

enum {
  kCudaSuccess = 0,
  kCudaInvalidValue = 1,
  kCudaNotInitialized = 3,
  kCudaNoDevice = 100,
  kCudaInvalidDevice = 101,
  kCudaNotFound = 500,
  kCudaNotSupported = 801,
  kCudaUnknown = 999,
};

/// CUdevice_attribute: the few that are asked for or answered here.
enum {
  kCudaMaxThreadsPerBlock = 1,
  kCudaWarpSize = 10,
  kCudaMultiprocessorCount = 16,
  kCudaPciBusId = 33,
  kCudaPciDeviceId = 34,
  kCudaPciDomainId = 50,
  kCudaComputeCapabilityMajor = 75,
  kCudaComputeCapabilityMinor = 76,
};
