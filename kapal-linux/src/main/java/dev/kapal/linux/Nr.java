package dev.kapal.linux;

import java.util.Map;

/** Numbers of the system calls that this module makes, on this machine; -1 gives ENOSYS. */
final class Nr {
  private static final Map<String, Integer> TABLE = Arch.host().syscalls();

  static final long ACCEPT4 = of("accept4");
  static final long BIND = of("bind");
  static final long BPF = of("bpf");
  static final long CLONE3 = of("clone3");
  static final long CLOSE = of("close");
  static final long CLOSE_RANGE = of("close_range");
  static final long CONNECT = of("connect");
  static final long COPY_FILE_RANGE = of("copy_file_range");
  static final long DUP3 = of("dup3");
  static final long EPOLL_CREATE1 = of("epoll_create1");
  static final long EPOLL_CTL = of("epoll_ctl");
  static final long EPOLL_PWAIT = of("epoll_pwait");
  static final long EPOLL_PWAIT2 = of("epoll_pwait2");
  static final long EVENTFD2 = of("eventfd2");
  static final long FACCESSAT2 = of("faccessat2");
  static final long FALLOCATE = of("fallocate");
  static final long FCHMOD = of("fchmod");
  static final long FCHMODAT = of("fchmodat");
  static final long FCHOWNAT = of("fchownat");
  static final long FCNTL = of("fcntl");
  static final long FDATASYNC = of("fdatasync");
  static final long FGETXATTR = of("fgetxattr");
  static final long FLISTXATTR = of("flistxattr");
  static final long FLOCK = of("flock");
  static final long FREMOVEXATTR = of("fremovexattr");
  static final long FSCONFIG = of("fsconfig");
  static final long FSETXATTR = of("fsetxattr");
  static final long FSMOUNT = of("fsmount");
  static final long FSOPEN = of("fsopen");
  static final long FSPICK = of("fspick");
  static final long FSTATFS = of("fstatfs");
  static final long FSYNC = of("fsync");
  static final long FTRUNCATE = of("ftruncate");
  static final long GETDENTS64 = of("getdents64");
  static final long GETPID = of("getpid");
  static final long GETSOCKOPT = of("getsockopt");
  static final long GETXATTR = of("getxattr");
  static final long IOCTL = of("ioctl");
  static final long KILL = of("kill");
  static final long LINKAT = of("linkat");
  static final long LISTEN = of("listen");
  static final long LISTXATTR = of("listxattr");
  static final long LSEEK = of("lseek");
  static final long MEMFD_CREATE = of("memfd_create");
  static final long MKDIRAT = of("mkdirat");
  static final long MKNODAT = of("mknodat");
  static final long MOUNT = of("mount");
  static final long MOUNT_SETATTR = of("mount_setattr");
  static final long MOVE_MOUNT = of("move_mount");
  static final long OPENAT = of("openat");
  static final long OPENAT2 = of("openat2");
  static final long OPEN_TREE = of("open_tree");
  static final long PIDFD_OPEN = of("pidfd_open");
  static final long PIDFD_SEND_SIGNAL = of("pidfd_send_signal");
  static final long PIPE2 = of("pipe2");
  static final long PPOLL = of("ppoll");
  static final long PRCTL = of("prctl");
  static final long PREAD64 = of("pread64");
  static final long PWRITE64 = of("pwrite64");
  static final long READ = of("read");
  static final long READLINKAT = of("readlinkat");
  static final long RECVMSG = of("recvmsg");
  static final long REMOVEXATTR = of("removexattr");
  static final long RENAMEAT = of("renameat");
  static final long RENAMEAT2 = of("renameat2");
  static final long SECCOMP = of("seccomp");
  static final long SENDFILE = of("sendfile");
  static final long SENDMSG = of("sendmsg");
  static final long SETFSGID = of("setfsgid");
  static final long SETFSUID = of("setfsuid");
  static final long SETSOCKOPT = of("setsockopt");
  static final long SETXATTR = of("setxattr");
  static final long SHUTDOWN = of("shutdown");
  static final long SOCKET = of("socket");
  static final long SOCKETPAIR = of("socketpair");
  static final long SPLICE = of("splice");
  static final long STATX = of("statx");
  static final long SYMLINKAT = of("symlinkat");
  static final long SYNCFS = of("syncfs");
  static final long UMOUNT2 = of("umount2");
  static final long UNLINKAT = of("unlinkat");
  static final long UTIMENSAT = of("utimensat");
  static final long WAIT4 = of("wait4");
  static final long WAITID = of("waitid");
  static final long WRITE = of("write");

  private Nr() {}

  private static long of(String name) {
    return TABLE.getOrDefault(name, -1);
  }
}
