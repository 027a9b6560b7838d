// SPDX-License-Identifier: Apache-2.0
// The functions of libcuda.so.1 that the probe calls, looked up once by probe_cuda. A function that
// the library lacks is a null pointer; probe_cuda checks those of the first group, run_kernel those
// of the second.
#pragma once

#include "app/probe/cuda_api.h"
#include "app/probe/probe.h"

struct cuda_driver {
  cuda_result (*init)(unsigned);
  cuda_result (*driver_version)(int*);
  cuda_result (*device_count)(int*);
  cuda_result (*device_get)(cuda_device*, int);
  cuda_result (*device_name)(char*, int, cuda_device);
  cuda_result (*device_attribute)(int*, int, cuda_device);
  cuda_result (*device_memory)(size_t*, cuda_device);      ///< cuDeviceTotalMem_v2
  cuda_result (*device_uuid)(cuda_uuid*, cuda_device);     ///< of the GPU
  cuda_result (*device_uuid_v2)(cuda_uuid*, cuda_device);  ///< of the MIG device, where it is one
  cuda_result (*device_pci)(char*, int, cuda_device);      ///< cuDeviceGetPCIBusId
  cuda_result (*error_name)(cuda_result, const char**);

  cuda_result (*context_retain)(cuda_context*, cuda_device);  ///< cuDevicePrimaryCtxRetain
  cuda_result (*context_release)(cuda_device);                ///< cuDevicePrimaryCtxRelease_v2
  cuda_result (*context_set)(cuda_context);                   ///< cuCtxSetCurrent
  cuda_result (*context_synchronize)(void);                   ///< cuCtxSynchronize
  cuda_result (*module_load)(cuda_module*, const void*);      ///< cuModuleLoadData
  cuda_result (*module_unload)(cuda_module);
  cuda_result (*module_function)(cuda_function*, cuda_module, const char*);
  cuda_result (*allocate)(cuda_address*, size_t);                    ///< cuMemAlloc_v2
  cuda_result (*release)(cuda_address);                              ///< cuMemFree_v2
  cuda_result (*copy_to_device)(cuda_address, const void*, size_t);  ///< cuMemcpyHtoD_v2
  cuda_result (*copy_to_host)(void*, cuda_address, size_t);          ///< cuMemcpyDtoH_v2
  cuda_result (*launch)(cuda_function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                        unsigned, cuda_stream, void**, void**);  ///< cuLaunchKernel
};

/// Writes "CUDA_ERROR_NO_DEVICE", or "CUDA error 100" where the library cannot name it.
void cuda_error_name(const struct cuda_driver* cuda, cuda_result result, char* out, size_t size);

/// Runs the embedded kernel on the device and compares every element with this processor's own
/// result.
void run_kernel(const struct cuda_driver* cuda, cuda_device device, struct kernel_finding* out);
