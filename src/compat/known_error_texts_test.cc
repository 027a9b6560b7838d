// SPDX-License-Identifier: Apache-2.0
// Error texts as people pasted them into public threads, and the row that explains each. They were
// not collected from the table: the thread stands beside each.
#include <doctest/doctest.h>

#include "compat/error_texts.h"

using namespace outboard::compat;

namespace {

struct Known {
  const char* id;
  const char* thread;
  const char* text;
};

const Known kKnown[] = {
    {"vulkan-icd-missing", "NVIDIA/nvidia-container-toolkit#16",
     "cat: /etc/vulkan/icd.d/nvidia_icd.json: No such file or directory"},
    {"vulkan-icd-missing", "the Vulkan loader's words",
     "ERROR: [Loader Message] Code 0 : loader_get_json: Failed to open JSON file "
     "/usr/share/vulkan/icd.d/nvidia_icd.json"},
    {"egl-software", "NVIDIA/nvidia-container-toolkit#191",
     "libEGL warning: egl: failed to create dri2 screen"},
    {"egl-software", "Mesa's words where it is given NVIDIA's DRM node",
     "MESA-LOADER: failed to open nvidia-drm: /usr/lib/dri/nvidia-drm_dri.so: cannot open shared "
     "object file: No such file or directory (search paths /usr/lib/dri)"},
    {"toolkit-hook-read-only", "NixOS/nixpkgs#441227",
     "mkdir: cannot create directory '/usr/lib/gbm': Read-only file system"},
    {"no-space", "every engine's words where a file system is full", "no space left on device"},
    {"mount-table-full", "NVIDIA/nvidia-container-toolkit#697",
     "nvidia-container-cli: mount error: mount operation failed: "
     "/usr/lib/libnvidia-allocator.so.1: no space left on device"},
    {"nvidia-docker-host-alone", "NVIDIA/nvidia-docker v1.0.1 src/nvidia-docker/main.go",
     "NV_HOST is set but DOCKER_HOST is not"},
    {"nvidia-docker-device", "NVIDIA/nvidia-docker v1.0.1 src/nvidia-docker/utils.go",
     "invalid device: 7"},
    {"nvidia-docker-host-uri", "NVIDIA/nvidia-docker v1.0.1 src/nvidia-docker/env.go",
     "invalid remote host URI"},
    {"nvidia-docker-volume-name", "NVIDIA/nvidia-docker v1.0.1 src/nvidia-docker-plugin",
     "docker: Error response from daemon: create nvidia_driver: VolumeDriver.Create: bad volume "
     "format: nvidia_driver."},
    {"docker-no-gpu-driver", "infiniflow/ragflow#9573",
     "Error response from daemon: could not select device driver \"nvidia\" with capabilities: "
     "[[gpu]]"},
    {"docker-no-gpu-driver", "NVlabs/BundleSDF#184",
     "docker: \nError response from daemon: could not select device driver \"\" with capabilities: "
     "[[gpu]]."},
    {"docker-no-cdi-driver", "NVIDIA/nvidia-container-toolkit#434",
     "docker: Error response from daemon: could not select device driver \"cdi\" with "
     "capabilities: [].\nERRO[0000] error waiting for container: context canceled"},
    {"toolkit-load-library", "n8n-io/self-hosted-ai-starter-kit#11",
     "Error response from daemon: failed to create task for container: failed to create shim task: "
     "OCI runtime create failed: runc create failed: unable to start container process: error "
     "during container init: error running hook #0: error running hook: exit status 1, stdout: , "
     "stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: initialization error: load "
     "library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or "
     "directory: unknown"},
    {"toolkit-load-library", "NVIDIA/nvidia-docker#1780",
     "stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: initialization error: cannot "
     "open shared object file: no such file or directory: unknown."},
    {"cuda-804", "DeepVAC/TorchPod#43",
     "/opt/conda/lib/python3.8/site-packages/torch/cuda/__init__.py:52: UserWarning: CUDA "
     "initialization: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions "
     "before calling NumCudaDevices() that might have already set an error? Error 804: forward "
     "compatibility was attempted on non supported HW (Triggered internally at  "
     "/opt/conda/conda-bld/pytorch_1623448278899/work/c10/cuda/CUDAFunctions.cpp:115.)\n  return "
     "torch._C._cuda_getDeviceCount() > 0\nFalse"},
    {"cuda-804", "microsoft/onnxruntime#21435",
     "CUDA failure 804: forward compatibility was attempted on non supported HW"},
    {"cuda-803", "NVIDIA/nvidia-docker#1256",
     "CUDA: Check failed: e == cudaSuccess (803 vs. 0) : system has unsupported display driver / "
     "cuda driver combination"},
    {"cuda-802", "pytorch/pytorch#35710",
     "RuntimeError: cuda runtime error (802) : system not yet initialized at "
     "/opt/conda/conda-bld/pytorch_1579022034529/work/aten/src/THC/THCGeneral.cpp:50"},
    {"cuda-802", "NVIDIA/TensorRT-LLM#398",
     "ERROR: The NVIDIA Driver is present, but CUDA failed to initialize.  GPU functionality will "
     "not be available.\n   [[ System not yet initialized (error 802) ]]"},
    {"cuda-222", "EricLBuehler/mistral.rs#1571",
     "Error: DriverError(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, \"the provided PTX was compiled with "
     "an unsupported toolchain.\")"},
    {"cuda-222", "mit-han-lab/inter-operator-scheduler#4",
     "Cuda failure: 222 the provided PTX was compiled with an unsupported toolchain."},
    {"cuda-209", "pytorch/pytorch#6515",
     "THCudaCheck FAIL file = / pytorch / torch / lib / THC / generic / THCTensorMathPairwise.cu "
     "line = 40 error = 48: no kernel image is available for execution on the device"},
    {"cuda-35", "podman#884",
     "Failed to allocate device vector A (error code CUDA driver version is insufficient for CUDA "
     "runtime version)!"},
    {"cdi-unresolvable", "warmshao/FasterLivePortrait#116",
     "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\nError: "
     "setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all"},
    {"cdi-unresolvable", "kata-containers/kata-containers#12549",
     "Feb 19 13:45:49 xi containerd[14192]: time=\"2026-02-19T13:45:49+01:00\" level=error "
     "error=\"rpc error: code = Unknown desc = failed to start sandbox \\\"269c\\\": failed to "
     "create containerd task: failed to create shim task: device cold plug failed: cold plug: CDI "
     "device injection failed: CDI device injection failed: unresolvable CDI devices "
     "nvidia.com/pgpu=vfio1\""},
    {"cdi-unresolvable-management", "NVIDIA/nvidia-container-toolkit#1239",
     "Warning  Failed     10s (x2 over 10s)  kubelet            Error: failed to create containerd "
     "task: failed to create shim task: OCI runtime create failed: could not apply required "
     "modification to OCI specification: error modifying OCI spec: failed to inject CDI devices: "
     "unresolvable CDI devices "
     "management.nvidia.com/gpu=GPU-e78e68c0-4e6a-737e-f9cc-4223fe50aead"},
    {"crun-hook-failed", "ublue-os/bluefin#3454",
     "Error: OCI runtime error: unable to start container \"<container id>\":crun: "
     "{\"msg\":\"error "
     "executing hook `/usr/bin/nvidia-cdi-hook` (exit code: "
     "1)\",\"level\":\"error\",\"time\":\"2025-10-22T10:00:06.194712Z\"}"},
    {"crun-hook-failed", "podman#16094",
     "Error: OCI runtime error: error executing hook `/usr/bin/nvidia-container-runtime-hook` "
     "(exit "
     "code: 1)"},
    {"k8s-no-runtime", "NVIDIA/gpu-operator#2168",
     "3m45s Warning FailedCreatePodSandBox pod/nvidia-operator-validator-l4754 Failed to create "
     "pod "
     "sandbox: rpc error: code = Unknown desc = unable to get OCI runtime for sandbox "
     "\"18073b779521b77e\": no runtime for \"nvidia\" is configured"},
    {"nvml-9", "NVIDIA/nvidia-container-toolkit#1611",
     "level=error msg=\"failed to generate CDI spec: failed to create device CDI specs: failed to "
     "construct device spec generators: failed to initialize NVML: Driver Not Loaded\""},
    {"toolkit-no-nvml", "NixOS/nixpkgs#397065",
     "INFO[0000] Auto-detected mode as \"nvml\"                 \nERRO[0000] failed to generate "
     "CDI "
     "spec: failed to create device CDI specs: failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"},
    {"toolkit-undefined-nvml", "ssst0n3/fake-nvidia#4",
     "nvidia-ctk: symbol lookup error: nvidia-ctk: undefined symbol: "
     "nvmlDeviceGetMaxMigDeviceCount"},
    {"toolkit-ldconfig-failed", "NVIDIA/nvidia-docker#914",
     "docker: Error response from daemon: OCI runtime create failed: container_linux.go:348: "
     "starting container process caused \"process_linux.go:402: container init caused "
     "\\\"process_linux.go:385: running prestart hook 1 caused \\\\\\\"error running hook: exit "
     "status 1, stdout: , stderr: exec command: [/usr/bin/nvidia-container-cli --load-kmods "
     "configure --ldconfig=@/sbin/ldconfig.real --device=all --compute --utility "
     "--require=cuda>=10.0 brand=tesla,driver>=384,driver<385 --pid=34422 "
     "/var/lib/docker/overlay2/x/merged]\\\\\\\\nnvidia-container-cli: ldcache error: process "
     "/sbin/ldconfig.real failed with error code: 1\\\\\\\\n\\\\\\\"\\\"\": unknown."},
    {"toolkit-ldconfig-mount", "NVIDIA/enroot#128",
     "E0711 07:13:39.552177 1 nvc_ldcache.c:403] could not start /usr/sbin/ldconfig: mount "
     "operation "
     "failed: /dev: operation not permitted"},
    {"toolkit-cgroup-rootless", "NVIDIA/libnvidia-container#154",
     "docker: Error response from daemon: OCI runtime create failed: container_linux.go:380: "
     "starting container process caused: process_linux.go:545: container init caused: Running hook "
     "#0:: error running hook: exit status 1, stdout: , stderr: nvidia-container-cli: mount error: "
     "failed to add device rules: unable to find any existing device filters attached to the "
     "cgroup: bpf_prog_query(BPF_CGROUP_DEVICE) failed: operation not permitted: unknown."},
    {"toolkit-cgroup-program", "NVIDIA/libnvidia-container#209",
     "nvidia-container-cli: mount error: failed to add device rules: unable to generate new device "
     "filter program with no existing programs: unable to create new device filters program: load "
     "program: permission denied: 0: R1=ctx(off=0,imm=0) R10=fp0\\\\n0: (69) r2 = *(u16 *)(r1 +0)"},
    {"k8s-unhealthy", "openshift/instaslice-operator#140",
     "Message:          Pod was rejected: Allocate failed due to no healthy devices present; "
     "cannot "
     "allocate unhealthy devices nvidia.com/mig-1g.5gb, which is unexpected"},
    {"nvml-15", "kubernetes/kubernetes#97131",
     "Message:        Pod Allocate failed due to device plugin GetPreferredAllocation rpc failed "
     "with err: rpc error: code = Unknown desc = Unable to retrieve list of available devices: "
     "error creating nvml.Device 5: nvml: GPU is lost, which is unexpected"},
    {"k8s-devices-unavailable", "Project-HAMi/HAMi#596",
     "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. "
     "Requested: "
     "1, Available: 0, which is unexpected"},
    {"k8s-insufficient-gpu", "NVIDIA/k8s-device-plugin#33",
     "0/1 nodes are available: 1 Insufficient nvidia.com/gpu"},
    {"kernel-gpu-gone", "akash-network/support#209",
     "[Fri Apr  5 21:29:39 2024] NVRM: GPU at PCI:0000:a1:00: "
     "GPU-979426f2-893a-7cbb-c4cf-81472f89a462\n[Fri Apr  5 21:29:39 2024] NVRM: Xid "
     "(PCI:0000:a1:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."},
    {"kernel-gpu-gone", "NVIDIA/nvidia-container-toolkit#69",
     "Unable to determine the device handle for GPU0000:65:00.0: Unknown Error"},
    {"nccl-shm", "pytorch/ci-infra#490",
     "[0] misc/shmutils.cc:88 NCCL WARN Error: failed to extend /dev/shm/nccl-WU88OE to 9637892 "
     "bytes, error: No space left on device (28)\n[0] misc/shmutils.cc:132 NCCL WARN Error while "
     "creating shared memory segment /dev/shm/nccl-WU88OE (size 9637888), error: No space left on "
     "device (28)"},
    {"video-not-found", "Huanshere/VideoLingo#406",
     "[h264_nvenc @ 0x55bd94c6bb40] Cannot load libnvidia-encode.so.1\n[h264_nvenc @ "
     "0x55bd94c6bb40] The minimum required Nvidia driver for nvenc is 435.21 or newer\nConversion "
     "failed!"},
    {"video-not-found", "NVIDIA/nvidia-docker#531",
     "Cannot load libnvcuvid.so.1\n[h264_cuvid @ 0x3a46360] Failed loading nvcuvid."},
    {"nvidia-docker-cuda-version", "NVIDIA/nvidia-docker#384",
     "nvidia-docker | 2017/05/22 10:21:16 Error: unsupported CUDA version: driver 0.0 < image "
     "8.0.61"},
    {"toolkit-libcuda-not-located", "NVIDIA/nvidia-container-toolkit#735",
     "ERRO[0000] failed to generate CDI spec: failed to create edits common for entities: failed "
     "to "
     "create discoverer for common entities: failed to create discoverer for driver files: failed "
     "to create discoverer for driver libraries: failed to get libraries for driver version: "
     "failed "
     "to locate libcuda.so.535.183.06: pattern libcuda.so.535.183.06 not found"},
    {"crun-fsopen", "containers/crun#2070",
     "Error: OCI runtime error: crun: fsopen_mount tmpfs: Function not implemented"},
    {"toolkit-file-exists", "lambdal/lambda-stack-dockerfiles#15",
     "> docker: Error response from daemon: failed to create task for container: failed to create "
     "shim task: OCI runtime create failed: runc create failed: unable to start container process: "
     "error during container init: error running hook #0: error running hook: exit status 1, "
     "stdout: , stderr: Auto-detected mode as 'legacy'\n> nvidia-container-cli: mount error: file "
     "creation failed: "
     "/var/lib/docker/overlay2/40c7fccee0aa8659243a8180389b333c9a6b85fac895a95207bfddca46df4fc6/"
     "merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists: unknown."},
    {"toolkit-socket", "NVIDIA/nvidia-docker#1690",
     "nvidia-container-cli: mount error: file creation failed: "
     "xxx/merged/run/nvidia-persistenced/socket: no such device or address: unknown."},
    {"nvml-999", "NVIDIA/nvidia-container-toolkit#1227",
     "(container) $ nvidia-smi -L\nFailed to initialize NVML: Unknown Error\n"},
    {"toolkit-requirement", "NVIDIA/nvidia-docker#543, lines broken by the terminal",
     "container_linux.go:265: starting container process caused \"process_linux.go:368: container "
     "init caused \\\"process_linux.go:351: running p\nrestart hook 1 caused \\\\\\\"error running "
     "hook: exit status 1, stdout: , stderr: exec command: [/usr/bin/nvidia-container-cli "
     "--load-kmods\n configure --ldconfig=@/sbin/ldconfig --require=cuda>=9.0 "
     "/ab7fe7a46710/rootfs]\\\\\\\\nnvidia-container-cli: requirement error: unsatisfied condi\n"
     "tion: cuda >= 9.0\\\\\\\\n\\\\\\\"\\\"\""},
    {"toolkit-requirement", "SyneRBI/PETRIC2#27",
     "error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as "
     "'legacy'\nnvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please "
     "update your driver to a newer version, or use an earlier cuda container"},
    {"docker-unknown-runtime", "NVIDIA/nvidia-docker#578",
     "docker: Error response from daemon: Unknown runtime specified nvidia."},
    {"docker-unknown-runtime", "duixcom/Duix-Avatar#247",
     " - Container heygem-f2f  Creating      0.0s\nError response from daemon: unknown or invalid "
     "runtime name: nvidia"},
    {"cdi-stale-device", "NVIDIA/nvidia-container-toolkit#46",
     "Error: setting up CDI devices: failed to inject devices: failed to stat CDI host device "
     "\"/dev/dri/controlD69\": no such file or directory"},
    {"podman-no-cdi", "NVIDIA/nvidia-container-toolkit#63",
     "Error: stat nvidia.com/gpu=0: no such file or directory"},
    {"cuda-999", "tensorflow/tensorflow#7653",
     "E tensorflow/stream_executor/cuda/cuda_driver.cc:509] failed call to cuInit: "
     "CUDA_ERROR_UNKNOWN\nI tensorflow/stream_executor/cuda/cuda_diagnostics.cc:158] retrieving "
     "CUDA "
     "diagnostic information for host: essam-goda"},
    {"tf-no-device", "tensorflow/tensorflow#41785",
     "2020-07-27 19:44:03.826179: E tensorflow/stream_executor/cuda/cuda_driver.cc:313] failed "
     "call "
     "to cuInit: UNKNOWN ERROR (-1)\n2020-07-27 19:44:03.826201: I "
     "tensorflow/stream_executor/cuda/cuda_diagnostics.cc:163] no NVIDIA GPU device is present: "
     "/dev/nvidia0 does not exist"},
    {"cuda-34", "tensorflow/tensorflow#46227", "failed call to cuInit: CUresult(-1)"},
    {"kernel-api-mismatch", "nvidiavgpuarchive/index#1",
     "[ 8957.099615] NVRM: API mismatch: the client has the version 570.148.08, but\n[ "
     "8957.099615] "
     "NVRM: this kernel module has the version 570.148.06.  Please\n[ 8957.099615] NVRM: make sure "
     "that this kernel module and all NVIDIA driver"},
    {"kernel-api-mismatch", "stackhpc/ansible-slurm-appliance#287",
     "Jun 30 11:07:05 gpu-0 kernel: NVRM: API mismatch: the client has the version 535.54.03, "
     "but#012NVRM: this kernel module has the version 530.30.02.  Please#012NVRM: make sure"},
    {"kernel-api-mismatch-client", "Frogging-Family/nvidia-all#394",
     "[    9.424670] NVRM: API mismatch: the client 'kwin_wayland' (pid 1005)\n               "
     "NVRM: "
     "has the version 595.84, but this kernel module has\n               NVRM: the version 595.80. "
     " "
     "Please make sure that this"},
    {"toolkit-version-mismatch", "NVIDIA/nvidia-docker#1451",
     "docker: Error response from daemon: OCI runtime create failed: container_linux.go:349: "
     "starting container process caused \"process_linux.go:449: container init caused "
     "\\\"process_linux.go:432: running prestart hook 1 caused \\\\\\\"error running hook: exit "
     "status 1, stdout: , stderr: nvidia-container-cli: initialization error: nvml error: "
     "driver/library version mismatch\\\\\\\\n\\\\\\\"\\\"\": unknown.\nERRO[0000] error waiting "
     "for "
     "container: context canceled"},
    {"kernel-nvswitch-version", "NVIDIA/gpu-operator#121",
     "nvidia-nvswitch: Version mismatch, kernel version 450.80.02 user version 450.51.06"},
    {"kernel-no-module", "tensorflow/tensorflow#8877",
     "modprobe: ERROR: could not insert 'nvidia_375_uvm': Invalid argument"},
    {"smi-not-in-image", "gw0/docker-keras#7",
     "docker: Error response from daemon: OCI runtime create failed: container_linux.go:296: "
     "starting container process caused \"exec: \\\"nvidia-smi\\\": executable file not found in "
     "$PATH\": unknown."},
    {"smi-not-in-image", "NVIDIA/nvidia-docker#341", "bash: nvidia-smi: command not found"},
    {"nvidia-docker-volume-failed", "NVIDIA/nvidia-docker#188",
     "VolumeDriver.Create: internal error, check logs for details"},
};

}  // namespace

TEST_CASE("texts of public threads are explained by the right row") {
  for (const Known& known : kKnown) {
    INFO(known.thread);
    INFO(known.text);
    auto found = match_error_text(known.text);
    REQUIRE_FALSE(found.empty());
    CHECK(found.front().error->id == known.id);
  }
}
