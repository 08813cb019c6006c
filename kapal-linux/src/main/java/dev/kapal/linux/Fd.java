package dev.kapal.linux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * An open file descriptor and the duty to close it. Closing twice is harmless, also from two
 * threads. Do not close one while another thread is inside a call on it: the kernel may give the
 * number away; shut a socket down instead.
 */
public final class Fd implements AutoCloseable {
  private static final int CLOSED = Integer.MIN_VALUE;

  /** The working directory of this process as the directory of an {@code …at} call. */
  public static final Fd CWD = new Fd(-100, number -> {});

  private final AtomicInteger number;
  private final IntConsumer closer;

  private Fd(int number, IntConsumer closer) {
    this.number = new AtomicInteger(number);
    this.closer = closer;
  }

  /** Takes over a descriptor of this process. */
  public static Fd of(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("not a descriptor: " + number);
    }
    return new Fd(number, Sys::close);
  }

  /** A descriptor that something else closes; for fakes in tests. */
  public static Fd of(int number, IntConsumer closer) {
    return new Fd(number, closer);
  }

  /**
   * The number.
   *
   * @throws ErrnoException EBADF when closed or released
   */
  public int number() {
    int n = number.get();
    if (n == CLOSED) {
      throw new ErrnoException("use", "a closed descriptor", Errno.EBADF);
    }
    return n;
  }

  /** Whether it has neither been closed nor released. */
  public boolean isOpen() {
    return number.get() != CLOSED;
  }

  /**
   * Gives up ownership and returns the number; whoever takes it has to close it.
   *
   * @throws ErrnoException EBADF when closed or released
   */
  public int release() {
    int n = number.get();
    if (n == CLOSED || !number.compareAndSet(n, CLOSED)) {
      throw new ErrnoException("release", "a closed descriptor", Errno.EBADF);
    }
    return n;
  }

  /** Another descriptor of the same open file description (F_DUPFD_CLOEXEC). */
  public Fd duplicate() {
    return Fd.of(Sys.duplicate(number(), 0));
  }

  /** The magic link of this descriptor: a path that calls without an fd variant can be given. */
  public String procPath() {
    return "/proc/self/fd/" + number();
  }

  @Override
  public void close() {
    if (this == CWD) {
      return;
    }
    int n = number.getAndSet(CLOSED);
    if (n != CLOSED) {
      closer.accept(n);
    }
  }

  @Override
  public String toString() {
    int n = number.get();
    return n == CLOSED ? "fd closed" : n == -100 ? "working directory" : "fd " + n;
  }
}
