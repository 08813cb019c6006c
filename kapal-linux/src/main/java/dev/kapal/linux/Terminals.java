package dev.kapal.linux;

/** Terminals, see tty_ioctl(2). All throw {@link ErrnoException}. */
public interface Terminals {
  boolean isTerminal(Fd fd);

  WindowSize windowSize(Fd fd);

  void windowSize(Fd fd, WindowSize size);

  /** The settings as the kernel holds them; opaque. */
  Settings settings(Fd fd);

  /** Restores settings (TCSETS). */
  void settings(Fd fd, Settings settings);

  /** Makes the terminal raw, as cfmakeraw(3) does, and returns the settings before. */
  Settings makeRaw(Fd fd);

  /** A new pseudo-terminal from /dev/ptmx; the slave is opened by TIOCGPTPEER, not by path. */
  PseudoTerminal openPty();

  /** Rows and columns in characters. */
  record WindowSize(int rows, int columns) {}

  /** struct termios, in hexadecimal. */
  record Settings(String hex) {}

  /** Both ends. */
  record PseudoTerminal(Fd master, Fd slave, int number) implements AutoCloseable {
    @Override
    public void close() {
      master.close();
      slave.close();
    }
  }
}
