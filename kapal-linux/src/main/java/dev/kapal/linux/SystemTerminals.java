package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** The real terminals. struct termios is the kernel's: four words, the line, 19 characters. */
final class SystemTerminals implements Terminals {
  private static final int TERMIOS = 36;
  private static final int TCGETS = 0x5401;
  private static final int TCSETS = 0x5402;
  private static final int TIOCGWINSZ = 0x5413;
  private static final int TIOCSWINSZ = 0x5414;
  private static final int TIOCGPTPEER = 0x5441;
  private static final long TIOCGPTN = 0x80045430L;
  private static final long TIOCSPTLCK = 0x40045431L;
  private static final Device PTMX = new Device(5, 2);

  private final Descriptors descriptors;

  SystemTerminals(Descriptors descriptors) {
    this.descriptors = descriptors;
  }

  @Override
  public boolean isTerminal(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      long buffer = arena.allocate(TERMIOS + 28, 4).address();
      return Sys.call(Nr.IOCTL, fd.number(), TCGETS, buffer) == 0;
    }
  }

  @Override
  public WindowSize windowSize(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(8, 2);
      ioctl(fd, TIOCGWINSZ, size.address(), "ioctl(TIOCGWINSZ)");
      return new WindowSize(size.get(JAVA_SHORT, 0) & 0xffff, size.get(JAVA_SHORT, 2) & 0xffff);
    }
  }

  @Override
  public void windowSize(Fd fd, WindowSize size) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(8, 2);
      buffer.set(JAVA_SHORT, 0, (short) size.rows());
      buffer.set(JAVA_SHORT, 2, (short) size.columns());
      ioctl(fd, TIOCSWINSZ, buffer.address(), "ioctl(TIOCSWINSZ)");
    }
  }

  @Override
  public Settings settings(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment termios = arena.allocate(TERMIOS + 28, 4);
      ioctl(fd, TCGETS, termios.address(), "ioctl(TCGETS)");
      return new Settings(HexFormat.of().formatHex(FileContents.copyOut(termios, TERMIOS)));
    }
  }

  @Override
  public void settings(Fd fd, Settings settings) {
    byte[] bytes = HexFormat.of().parseHex(settings.hex());
    if (bytes.length != TERMIOS) {
      throw new IllegalArgumentException("not settings of a terminal: " + settings);
    }
    try (Arena arena = Arena.ofConfined()) {
      long termios = Sys.bytes(arena, bytes, 28).address();
      ioctl(fd, TCSETS, termios, "ioctl(TCSETS)");
    }
  }

  @Override
  public Settings makeRaw(Fd fd) {
    Settings before = settings(fd);
    settings(fd, raw(before));
    return before;
  }

  /** As cfmakeraw(3) describes. */
  static Settings raw(Settings settings) {
    byte[] bytes = HexFormat.of().parseHex(settings.hex());
    MemorySegment termios = MemorySegment.ofArray(bytes);
    clear(termios, 0, 0x5eb); // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON
    clear(termios, 4, 0x1); // OPOST
    clear(termios, 8, 0x130); // CSIZE PARENB
    set(termios, 8, 0x30); // CS8
    clear(termios, 12, 0x804b); // ECHO ECHONL ICANON ISIG IEXTEN
    termios.set(JAVA_BYTE, 17 + 5, (byte) 0); // VTIME
    termios.set(JAVA_BYTE, 17 + 6, (byte) 1); // VMIN
    return new Settings(HexFormat.of().formatHex(bytes));
  }

  private static void clear(MemorySegment termios, long at, int bits) {
    termios.set(INT, at, termios.get(INT, at) & ~bits);
  }

  private static void set(MemorySegment termios, long at, int bits) {
    termios.set(INT, at, termios.get(INT, at) | bits);
  }

  private static final java.lang.foreign.ValueLayout.OfInt INT = JAVA_INT.withByteAlignment(1);

  @Override
  public PseudoTerminal openPty() {
    Fd master = descriptors.open("/dev/ptmx", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
    boolean opened = false;
    try (Arena arena = Arena.ofConfined()) {
      if (!descriptors.fstat(master).rdev().equals(PTMX)) {
        throw new ErrnoException("openpty", "/dev/ptmx, which is not device 5:2", Errno.ENODEV);
      }
      MemorySegment value = arena.allocateFrom(JAVA_INT, 0);
      ioctl(master, TIOCSPTLCK, value.address(), "ioctl(TIOCSPTLCK)");
      ioctl(master, TIOCGPTN, value.address(), "ioctl(TIOCGPTN)");
      int flags = Fcntl.O_RDWR | Fcntl.O_NOCTTY | Fcntl.O_CLOEXEC;
      long slave = ioctl(master, TIOCGPTPEER, flags, "ioctl(TIOCGPTPEER)");
      opened = true;
      return new PseudoTerminal(master, Fd.of((int) slave), value.get(JAVA_INT, 0));
    } finally {
      if (!opened) {
        master.close();
      }
    }
  }

  private static long ioctl(Fd fd, long request, long argument, String call) {
    return Sys.check(Sys.call(Nr.IOCTL, fd.number(), request, argument), call, fd::toString);
  }
}
