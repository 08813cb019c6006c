package dev.kapal.engine.config;

import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.oci.runtime.SeccompOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The system calls that a container may make unless it is told otherwise: those that ordinary
 * programs use, and with a capability those that are of use with it alone. Everything else is
 * EPERM, or ENOSYS for clone3, whose flags a filter cannot see, so that the C library uses clone
 * instead.
 */
public final class DefaultSeccomp {
  private static final int ENOSYS = 38;
  private static final int EPERM = 1;

  /** All namespaces: clone(2) with one of these needs CAP_SYS_ADMIN. */
  private static final long NAMESPACES = 0x7e020000L;

  private static final List<String> ALWAYS =
      words(
          """
          accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown
          chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
          clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect
          copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old
          epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
          exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir
          fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr
          flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64
          fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv
          futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid
          geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp
          getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32
          getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid
          gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init
          inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents
          io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill
          landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32
          lgetxattr link linkat listen listmount listxattr listxattrat llistxattr _llseek
          lremovexattr lseek lsetxattr lsm_get_self_attr lsm_list_modules lsm_set_self_attr lstat
          lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir
          mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify
          mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
          mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
          name_to_handle_at nanosleep newfstatat _newselect open openat openat2 pause pidfd_open
          pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64
          prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64
          pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom
          recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename
          renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
          rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
          rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
          sched_get_priority_min sched_getscheduler sched_rr_get_interval
          sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
          sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop
          semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32
          setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority
          setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32
          setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address setuid
          setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd
          signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64
          statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
          timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
          timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
          timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat
          uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid
          write writev arch_prctl modify_ldt ptrace process_vm_readv process_vm_writev
          """);

  private static final Map<String, List<String>> WITH =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("CAP_DAC_READ_SEARCH", words("open_by_handle_at")),
              Map.entry(
                  "CAP_SYS_ADMIN",
                  words(
                      """
                      bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie
                      mount mount_setattr move_mount open_tree perf_event_open quotactl
                      quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
                      """)),
              Map.entry("CAP_SYS_BOOT", words("reboot")),
              Map.entry("CAP_SYS_CHROOT", words("chroot")),
              Map.entry("CAP_SYS_MODULE", words("delete_module init_module finit_module")),
              Map.entry("CAP_SYS_PACCT", words("acct")),
              Map.entry("CAP_SYS_PTRACE", words("kcmp pidfd_getfd process_madvise")),
              Map.entry("CAP_SYS_RAWIO", words("iopl ioperm")),
              Map.entry("CAP_SYS_TIME", words("settimeofday stime clock_settime clock_settime64")),
              Map.entry("CAP_SYS_TTY_CONFIG", words("vhangup")),
              Map.entry(
                  "CAP_SYS_NICE",
                  words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node")),
              Map.entry("CAP_SYSLOG", words("syslog")),
              Map.entry("CAP_BPF", words("bpf")),
              Map.entry("CAP_PERFMON", words("perf_event_open"))));

  private DefaultSeccomp() {}

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+"));
  }

  private static Seccomp.Rule allow(List<String> calls, List<Seccomp.Arg> when) {
    return new Seccomp.Rule(calls, SeccompAction.ALLOW, Optional.empty(), when);
  }

  /** The filter for a process whose bounding set this is. */
  public static Seccomp of(Set<String> capabilities) {
    List<Seccomp.Rule> rules = new ArrayList<>();
    rules.add(allow(ALWAYS, List.of()));
    WITH.forEach((capability, calls) -> {
      if (capabilities.contains(capability)) {
        rules.add(allow(calls, List.of()));
      }
    });
    if (!capabilities.contains("CAP_SYS_ADMIN")) {
      rules.add(
          allow(
              List.of("clone"),
              List.of(new Seccomp.Arg(0, NAMESPACES, 0, SeccompOperator.MASKED_EQ))));
      rules.add(
          new Seccomp.Rule(List.of("clone3"), SeccompAction.ERRNO, Optional.of(ENOSYS), List.of()));
    }
    // personality(2): what programs ask for, not what weakens address randomisation for others.
    for (long persona : new long[] {0x0, 0x8, 0x20000, 0x20008, 0xffffffffL}) {
      rules.add(
          allow(
              List.of("personality"), List.of(new Seccomp.Arg(0, persona, 0, SeccompOperator.EQ))));
    }
    // All families of sockets but AF_VSOCK (40), which reaches the host of a virtual machine.
    rules.add(allow(List.of("socket"), List.of(new Seccomp.Arg(0, 40, 0, SeccompOperator.NE))));
    return Seccomp.empty()
        .withDefaultAction(SeccompAction.ERRNO)
        .withDefaultErrnoRet(EPERM)
        .withArchitectures(
            Arch.host() == Arch.ARM64
                ? List.of("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM")
                : List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"))
        .withSyscalls(rules);
  }
}
