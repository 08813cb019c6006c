package dev.kapal.linux;

import static dev.kapal.linux.Fcntl.O_CREAT;
import static dev.kapal.linux.Fcntl.O_NOFOLLOW;
import static dev.kapal.linux.Fcntl.O_PATH;
import static dev.kapal.linux.Fcntl.O_RDONLY;
import static dev.kapal.linux.Fcntl.O_RDWR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DescriptorsTest {
  private static final int RW_R__R__ = 0x1a4;

  private final Descriptors files = Linux.system().descriptors();
  private final TempTree tree = new TempTree();

  @AfterEach
  void end() {
    tree.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void fails(Errno errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void everyDescriptorClosesOnExec() {
    List<Fd> all = new ArrayList<>();
    all.add(files.openat(tree.root, "f", O_CREAT | O_RDWR, RW_R__R__));
    all.add(all.get(0).duplicate());
    all.add(files.openInRoot(tree.root, "f", O_RDONLY));
    all.add(files.reopen(all.get(0), O_RDONLY));
    Descriptors.Pipe pipe = files.pipe(0);
    all.add(pipe.reader());
    all.add(pipe.writer());
    for (Fd fd : all) {
      String flags =
          ProcFiles.field(ProcFiles.text("/proc/self/fdinfo/" + fd.number()), "flags")
              .orElseThrow();
      assertThat(Long.parseLong(flags, 8) & Fcntl.O_CLOEXEC).isNotZero();
    }
    all.forEach(Fd::close);
  }

  @Test
  void closingTwiceIsHarmless() throws Exception {
    Fd first = files.open("/", O_PATH);
    int number = first.number();
    try (var threads = Executors.newFixedThreadPool(4)) {
      Callable<Object> close =
          () -> {
            first.close();
            return "";
          };
      threads.invokeAll(List.of(close, close, close, close));
    }
    Fd second = files.open("/", O_PATH);
    assertThat(second.number()).isEqualTo(number);
    first.close();
    assertThat(files.fstat(second).isDirectory()).isTrue();
    assertThat(first.isOpen()).isFalse();
    fails(Errno.EBADF, first::number);
    fails(Errno.EBADF, first::release);
    int released = second.release();
    second.close();
    Fd.of(released).close();
    fails(Errno.EBADF, () -> files.fstat(second));
  }

  @Test
  void readsAndWritesInEveryWay() {
    try (Fd fd = files.openat(tree.root, "f", O_CREAT | O_RDWR, RW_R__R__);
        Arena arena = Arena.ofConfined()) {
      files.writeFully(fd, bytes("hello world"));
      assertThat(files.pwrite(fd, bytes("xxHEyy"), 2, 2, 0)).isEqualTo(2);
      byte[] some = new byte[8];
      assertThat(files.pread(fd, some, 1, 5, 1)).isEqualTo(5);
      assertThat(new String(some, StandardCharsets.US_ASCII)).isEqualTo("\0Ello \0\0");
      assertThat(files.lseek(fd, 6, Fcntl.SEEK_SET)).isEqualTo(6);
      ByteBuffer direct = ByteBuffer.allocateDirect(20).position(3).limit(6);
      assertThat(files.read(fd, direct)).isEqualTo(3);
      assertThat(direct.position()).isEqualTo(6);
      assertThat(direct.get(3)).isEqualTo((byte) 'w');
      MemorySegment memory = arena.allocate(10);
      assertThat(files.read(fd, memory)).isEqualTo(2);
      assertThat(files.read(fd, memory)).isZero();
      assertThat(memory.get(ValueLayout.JAVA_BYTE, 1)).isEqualTo((byte) 'd');
      assertThat(files.write(fd, ByteBuffer.allocateDirect(3).put(0, (byte) 'z'))).isEqualTo(3);
      assertThat(files.pwrite(fd, memory, 100)).isEqualTo(10);
      assertThat(files.pread(fd, memory, 105)).isEqualTo(5);
      assertThat(files.fstat(fd).size()).isEqualTo(110);
      assertThatThrownBy(() -> files.read(fd, new byte[3], 1, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> files.pread(fd, some, 0, 1, -1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> files.read(fd, ByteBuffer.allocate(3)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void readFullyKeepsTheLimit() {
    tree.file("f", "x".repeat(100_000));
    try (Fd fd = files.openat(tree.root, "f", O_RDONLY)) {
      assertThat(files.readFully(fd, 100_000)).hasSize(100_000);
      files.lseek(fd, 0, Fcntl.SEEK_SET);
      fails(Errno.EFBIG, () -> files.readFully(fd, 99_999));
    }
    try (Fd fd = files.open("/proc/self/status", O_RDONLY)) {
      assertThat(new String(files.readFully(fd, 1 << 20), StandardCharsets.UTF_8))
          .contains("Threads:");
    }
  }

  @Test
  void namesSurviveByteForByte() {
    String name = PathBytes.decode(new byte[] {'n', (byte) 0xff, (byte) 0xc3, '\n', (byte) 0xa9});
    tree.file(name, "content");
    files.symlinkat(name, tree.root, "link");
    assertThat(files.list(tree.root))
        .extracting(DirEntry::name)
        .containsExactlyInAnyOrder(name, "link");
    assertThat(PathBytes.encode(files.readlinkat(tree.root, "link")))
        .isEqualTo(PathBytes.encode(name));
    assertThat(tree.content("link")).isEqualTo("content");
  }

  @Test
  void listsLargeDirectories() {
    for (int i = 0; i < 1500; i++) {
      tree.file("file-with-a-long-name-" + i, "");
    }
    files.mkdirat(tree.root, "d", 0x1ed);
    for (int round = 0; round < 2; round++) {
      List<DirEntry> all = files.list(tree.root);
      assertThat(all).hasSize(1501);
      assertThat(all)
          .anyMatch(e -> e.name().equals("d") && e.type() == FileType.DIRECTORY && e.ino() != 0);
    }
    try (Fd path = files.open(tree.path, O_PATH)) {
      assertThat(files.list(path)).hasSize(1501);
    }
    try (Fd file = files.openat(tree.root, "file-with-a-long-name-3", O_RDONLY)) {
      fails(Errno.ENOTDIR, () -> files.list(file));
    }
  }

  @Test
  void statShowsWhatWasSet() {
    assumeTrue(
        Linux.system()
            .processes()
            .status(Linux.system().processes().self(), "Uid")
            .orElseThrow()
            .startsWith("0\t"),
        "needs root");
    tree.file("f", "12345");
    files.fchownat(tree.root, "f", 4294967294L, 3000000000L);
    files.fchmodat(tree.root, "f", 0xfed);
    Timespec access = new Timespec(-5, 123456789);
    Timespec change = new Timespec(4102444800L, 1);
    files.utimensat(tree.root, "f", access, change);
    Stat stat = files.fstatat(tree.root, "f", Fcntl.AT_SYMLINK_NOFOLLOW);
    assertThat(stat.uid()).isEqualTo(4294967294L);
    assertThat(stat.gid()).isEqualTo(3000000000L);
    assertThat(stat.permissions()).isEqualTo(0xfed);
    assertThat(stat.isRegular()).isTrue();
    assertThat(stat.size()).isEqualTo(5);
    assertThat(stat.atime()).isEqualTo(access);
    assertThat(stat.mtime()).isEqualTo(change);
    files.fchownat(tree.root, "f", -1, 7);
    assertThat(files.fstatat(tree.root, "f", 0).uid()).isEqualTo(4294967294L);
    assertThat(files.fstatat(tree.root, "f", 0).gid()).isEqualTo(7);
    assertThatThrownBy(() -> files.fchownat(tree.root, "f", 4294967295L, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void makesDeviceNodes() {
    Device device = new Device(0xabc, 0xfedcb);
    assertThat(Device.of(device.number())).isEqualTo(device);
    try {
      files.mknodat(tree.root, "c", FileType.CHARACTER.bits() | 0x180, device);
    } catch (ErrnoException e) {
      assumeTrue(!e.is(Errno.EPERM), "needs root");
      throw e;
    }
    Stat stat = files.fstatat(tree.root, "c", Fcntl.AT_SYMLINK_NOFOLLOW);
    assertThat(stat.type()).isEqualTo(FileType.CHARACTER);
    assertThat(stat.rdev()).isEqualTo(device);
    files.mknodat(tree.root, "p", FileType.FIFO.bits() | 0x180, new Device(0, 0));
    assertThat(files.fstatat(tree.root, "p", 0).type()).isEqualTo(FileType.FIFO);
  }

  @Test
  void attributesOfPathDescriptorsAndLinks() {
    tree.file("f", "x");
    files.symlinkat("f", tree.root, "l");
    try (Fd file = files.openat(tree.root, "f", O_PATH | O_NOFOLLOW);
        Fd link = files.openat(tree.root, "l", O_PATH | O_NOFOLLOW)) {
      files.fchmod(file, 0x1c0);
      assertThat(files.fstat(file).permissions()).isEqualTo(0x1c0);
      fails(Errno.EOPNOTSUPP, () -> files.fchmod(link, 0x1c0));
      fails(Errno.EOPNOTSUPP, () -> files.fchmodat(tree.root, "l", 0x1ff));
      assertThat(files.fstat(link).permissions()).isEqualTo(0x1ff);
      Timespec when = new Timespec(1000, 5);
      files.futimens(link, when, when);
      files.futimens(file, Timespec.OMIT, new Timespec(2000, 6));
      assertThat(files.fstat(link).mtime()).isEqualTo(when);
      assertThat(files.fstat(file).mtime()).isEqualTo(new Timespec(2000, 6));
      files.fchown(link, 5, 6);
      assertThat(files.fstat(link).uid()).isEqualTo(5);
      assertThat(files.fstat(file).uid()).isNotEqualTo(5);
      assertThat(files.readlinkat(link, "")).isEqualTo("f");
    }
  }

  @Test
  void extendedAttributes() {
    tree.file("f", "x");
    files.symlinkat("f", tree.root, "l");
    byte[] value = {0, 1, (byte) 0xff, 0};
    try (Fd file = files.openat(tree.root, "f", O_RDONLY);
        Fd path = files.openat(tree.root, "f", O_PATH | O_NOFOLLOW);
        Fd link = files.openat(tree.root, "l", O_PATH | O_NOFOLLOW)) {
      try {
        files.setxattr(file, "trusted.kapal", value, 0);
      } catch (ErrnoException e) {
        assumeTrue(
            !e.is(Errno.EPERM, Errno.EOPNOTSUPP), "needs root and a file system with xattrs");
        throw e;
      }
      fails(Errno.EEXIST, () -> files.setxattr(path, "trusted.kapal", value, Fcntl.XATTR_CREATE));
      assertThat(files.getxattr(path, "trusted.kapal")).contains(value);
      assertThat(files.getxattr(link, "trusted.kapal")).isEmpty();
      files.setxattr(link, "trusted.on-link", new byte[0], 0);
      assertThat(files.getxattr(link, "trusted.on-link")).contains(new byte[0]);
      assertThat(files.listxattr(link)).containsExactly("trusted.on-link");
      assertThat(files.listxattr(file)).containsExactly("trusted.kapal");
      byte[] large = new byte[3000];
      large[2999] = 9;
      files.setxattr(path, "trusted.large", large, 0);
      assertThat(files.getxattr(file, "trusted.large")).contains(large);
      files.removexattr(path, "trusted.kapal");
      files.removexattr(file, "trusted.large");
      assertThat(files.listxattr(path)).isEmpty();
      fails(Errno.ENODATA, () -> files.removexattr(file, "trusted.kapal"));
    }
    try (Fd proc = files.open("/proc/self/status", O_RDONLY)) {
      assertThat(files.getxattr(proc, "user.none")).isEmpty();
    }
  }

  @Test
  void linksAndRenames() {
    tree.file("a", "A");
    tree.file("b", "B");
    files.linkat(tree.root, "a", tree.root, "a2", 0);
    assertThat(files.fstatat(tree.root, "a2", 0).nlink()).isEqualTo(2);
    fails(
        Errno.EEXIST,
        () -> files.renameat2(tree.root, "a", tree.root, "b", Fcntl.RENAME_NOREPLACE));
    files.renameat2(tree.root, "a", tree.root, "b", Fcntl.RENAME_EXCHANGE);
    assertThat(tree.content("a")).isEqualTo("B");
    files.renameat(tree.root, "a", tree.root, "b");
    assertThat(tree.content("b")).isEqualTo("B");
    assertThat(files.lstatIfExists(tree.root, "a")).isEmpty();
    try (Fd file = files.open(tree.path, Fcntl.O_TMPFILE | O_RDWR, RW_R__R__)) {
      files.writeFully(file, bytes("tmp"));
      files.linkFd(file, tree.root, "named");
    }
    assertThat(tree.content("named")).isEqualTo("tmp");
    files.mkdirat(tree.root, "d", 0x1ed);
    fails(Errno.EISDIR, () -> files.unlinkat(tree.root, "d", 0));
    files.unlinkat(tree.root, "d", Fcntl.AT_REMOVEDIR);
  }

  @Test
  void copiesAlsoWhereTheKernelWillNot() {
    String text = "0123456789".repeat(30_000);
    tree.file("from", text);
    try (Fd from = files.openat(tree.root, "from", O_RDONLY);
        Fd to = files.openat(tree.root, "to", O_CREAT | O_RDWR, RW_R__R__);
        Fd memfd = Linux.system().memfds().createWritable("copy")) {
      while (files.copyFileRange(from, to, 1 << 20) > 0) {}
      assertThat(tree.content("to")).isEqualTo(text);
      files.lseek(from, 0, Fcntl.SEEK_SET);
      long done = 0;
      for (long n = 1; n > 0; done += n) {
        n = files.copyFileRange(from, memfd, 1 << 20);
      }
      assertThat(done).isEqualTo(text.length());
      assertThat(files.fstat(memfd).size()).isEqualTo(text.length());
      files.lseek(from, 0, Fcntl.SEEK_SET);
      files.ftruncate(to, 0);
      files.lseek(to, 0, Fcntl.SEEK_SET);
      assertThat(files.sendfile(from, to, 10)).isEqualTo(10);
    }
    try (Fd proc = files.open("/proc/self/mountinfo", O_RDONLY);
        Fd to = files.openat(tree.root, "mounts", O_CREAT | O_RDWR, RW_R__R__)) {
      while (files.copyFileRange(proc, to, 1 << 20) > 0) {}
      assertThat(files.fstat(to).size()).isPositive();
    }
  }

  @Test
  void holesAndLocks() {
    try (Fd fd = files.openat(tree.root, "sparse", O_CREAT | O_RDWR, RW_R__R__);
        Fd other = files.openat(tree.root, "sparse", O_RDWR)) {
      files.ftruncate(fd, 1 << 20);
      files.pwrite(fd, bytes("data"), 0, 4, 512 << 10);
      files.fsync(fd);
      assertThat(files.lseek(fd, 0, Fcntl.SEEK_DATA)).isEqualTo(512 << 10);
      assertThat(files.lseek(fd, 512 << 10, Fcntl.SEEK_HOLE)).isBetween(513L << 10, 600L << 10);
      fails(Errno.ENXIO, () -> files.lseek(fd, 900 << 10, Fcntl.SEEK_DATA));
      files.fallocate(fd, Fcntl.FALLOC_FL_KEEP_SIZE, 0, 4096);
      files.fdatasync(fd);
      files.syncfs(fd);
      assertThat(files.flock(fd, Fcntl.LOCK_EX | Fcntl.LOCK_NB)).isTrue();
      assertThat(files.flock(other, Fcntl.LOCK_EX | Fcntl.LOCK_NB)).isFalse();
      assertThat(files.flock(fd, Fcntl.LOCK_UN)).isTrue();
      assertThat(files.flock(other, Fcntl.LOCK_SH)).isTrue();
    }
  }

  @Test
  void fileSystems() {
    try (Fd proc = files.open("/proc", O_PATH)) {
      assertThat(files.statfs(proc).type()).isEqualTo(StatFs.PROC);
    }
    StatFs fs = files.statfs(tree.root);
    assertThat(fs.totalBytes()).isGreaterThanOrEqualTo(fs.freeBytes());
    assertThat(fs.availableBytes()).isPositive();
  }

  @Test
  void pipesAndSplice() {
    try (Descriptors.Pipe first = files.pipe(0);
        Descriptors.Pipe second = files.pipe(Fcntl.O_NONBLOCK)) {
      byte[] buffer = new byte[10];
      fails(Errno.EAGAIN, () -> files.read(second.reader(), buffer, 0, 10));
      files.writeFully(first.writer(), bytes("abc"));
      assertThat(files.splice(first.reader(), second.writer(), 100, 0)).isEqualTo(3);
      assertThat(files.read(second.reader(), buffer, 0, 10)).isEqualTo(3);
    }
  }

  @Test
  void errorsNameTheCallAndTheTarget() {
    assertThatThrownBy(() -> files.openat(tree.root, "no/such", O_RDONLY))
        .hasMessage("open \"no/such\": ENOENT (No such file or directory)");
    fails(Errno.EEXIST, () -> files.mkdirat(Fd.CWD, tree.path, 0x1ed));
  }
}
