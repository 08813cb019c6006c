// A guest of a few instructions on /dev/kvm: whether a virtual processor really executes. Says "ok", or the step that failed and why.
#include "names.h"
#include "sys.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

// Of linux/kvm.h, which a C library of its own does not bring along.
enum {
  KVM_GET_API_VERSION = 0xae00, KVM_CREATE_VM = 0xae01, KVM_GET_VCPU_MMAP_SIZE = 0xae04, KVM_CREATE_VCPU = 0xae41, KVM_RUN = 0xae80,
  KVM_API_VERSION = 12, KVM_EXIT_IO = 2, KVM_EXIT_HLT = 5
};
#define KVM_SET_USER_MEMORY_REGION 0x4020ae46ul
#define KVM_GET_SREGS 0x8138ae83ul
#define KVM_SET_SREGS 0x4138ae84ul
#define KVM_SET_REGS 0x4090ae82ul
struct memory_region { u32 slot, flags; u64 guest, size, user; };
struct registers { u64 rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8_15[8], rip, rflags; };
struct special_registers { u64 cs_base; u32 cs_limit; u16 cs_selector; u8 rest[298]; };
struct run { u8 request[8]; u32 reason; u8 flags[4]; u64 cr8, apic; struct { u8 direction, size; u16 port; u32 count; u64 offset; } io; };
_Static_assert(sizeof(struct registers) == 0x90 && sizeof(struct special_registers) == 0x138, "as linux/kvm.h has them");

static int failed(const char *step, const char *reason) {
  printf("%s %s\n", step, reason);
  return 1;
}

#if defined(__x86_64__)
enum { MEMORY = 4096, PORT = 0xe9 };

// Real mode: add al, bl; out 0xe9, al; hlt.
static const u8 code[] = {0x00, 0xd8, 0xe6, PORT, 0xf4};

static int execute(int vcpu, struct run *run) {
  struct special_registers sregs;
  if (ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0) return failed("CREATE_VCPU", strerror(errno));
  sregs.cs_base = 0;
  sregs.cs_selector = 0;
  struct registers regs = {.rip = 0, .rax = 40, .rbx = 2, .rflags = 2};
  if (ioctl(vcpu, KVM_SET_SREGS, &sregs) != 0 || ioctl(vcpu, KVM_SET_REGS, &regs) != 0) return failed("CREATE_VCPU", strerror(errno));
  char text[64];
  bool answered = false;
  for (;;) {
    if (ioctl(vcpu, KVM_RUN, 0) != 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return failed("RUN", strerror(errno));
    }
    if (run->reason == KVM_EXIT_IO && run->io.port == PORT && run->io.size == 1) {
      u8 answer = *((u8 *)run + run->io.offset);
      answered = answer == 42;
      if (answered) continue;
      snprintf(text, sizeof text, "40 and 2 made %u", answer);
      return failed("RUN", text);
    }
    if (run->reason == KVM_EXIT_HLT && answered) return 0;
    snprintf(text, sizeof text, "the guest stopped for reason %u", run->reason);
    return failed("RUN", text);
  }
}
#else
enum { MEMORY = 65536 };
static const u8 code[] = {0};

// Elsewhere a machine and a processor are made; nothing is executed.
static int execute(int vcpu, struct run *run) {
  (void)vcpu;
  (void)run;
  return 0;
}
#endif

int kvm_trial(void) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) return failed("OPEN", strerror(errno));
  int version = ioctl(kvm, KVM_GET_API_VERSION, 0);
  if (version != KVM_API_VERSION) return failed("VERSION", version < 0 ? strerror(errno) : "it is another one");
  int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  if (vm < 0) return failed("CREATE_VM", strerror(errno));
  u8 *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("MEMORY", strerror(errno));
  memcpy(memory, code, sizeof code);
  struct memory_region region = {.size = MEMORY, .user = (u64)(uintptr_t)memory};
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) != 0) return failed("MEMORY", strerror(errno));
  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  if (vcpu < 0) return failed("CREATE_VCPU", strerror(errno));
  int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  struct run *run = size < (int)sizeof *run ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) return failed("CREATE_VCPU", strerror(errno));
  int status = execute(vcpu, run);
  if (status == 0) puts("ok");
  return status;
}
