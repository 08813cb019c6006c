package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The real poller. The thread owns the epoll descriptor and closes it when it ends. Events carry
 * the number of a registration, never a descriptor's, so a late event for a descriptor that has
 * been closed and opened anew finds nobody.
 */
final class EpollPoller implements Poller {
  private static final System.Logger LOG = System.getLogger("dev.kapal.linux.Poller");

  /** struct epoll_event is packed on x86-64 alone. */
  private static final int EVENT_SIZE = Arch.host() == Arch.X86_64 ? 12 : 16;

  private static final int DATA_OFFSET = EVENT_SIZE - 8;
  private static final int BATCH = 128;
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int MODIFY = 3;
  private static final long WAKE = 0;

  private final Fd epoll;
  private final Fd wake;
  private final Map<Long, Watched> watched = new ConcurrentHashMap<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicLong numbers = new AtomicLong(WAKE);
  private final Thread thread;
  private final ReentrantLock wakeLock = new ReentrantLock();
  private volatile boolean closed;

  EpollPoller(String name) {
    epoll = Fd.of((int) Sys.check(Sys.call(Nr.EPOLL_CREATE1, Fcntl.O_CLOEXEC, 0, 0), "epoll", ""));
    int flags = Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK;
    wake = Fd.of((int) Sys.check(Sys.call(Nr.EVENTFD2, 0, flags, 0), "eventfd", ""));
    control(ADD, wake, Ready.READ.bit(), WAKE);
    thread = Thread.ofPlatform().daemon().name(name).start(this::run);
  }

  @Override
  public Registration register(Fd fd, Set<Ready> interest, Consumer<Set<Ready>> handler) {
    if (closed) {
      throw new IllegalStateException("the poller is closed");
    }
    Watched registration = new Watched(numbers.incrementAndGet(), fd, handler);
    watched.put(registration.number, registration);
    try {
      control(ADD, fd, bits(interest), registration.number);
    } catch (ErrnoException e) {
      watched.remove(registration.number);
      throw e;
    }
    return registration;
  }

  @Override
  public void execute(Runnable task) {
    if (closed) {
      throw new IllegalStateException("the poller is closed");
    }
    tasks.add(task);
    wakeUp();
  }

  @Override
  public boolean inPollerThread() {
    return Thread.currentThread().equals(thread);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    wakeUp();
    if (!inPollerThread()) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void wakeUp() {
    wakeLock.lock();
    try (Arena arena = Arena.ofConfined()) {
      if (wake.isOpen()) {
        MemorySegment one = arena.allocate(8, 8);
        one.set(JAVA_LONG_UNALIGNED, 0, 1);
        // EAGAIN: it is about to wake up anyway.
        Sys.call(Nr.WRITE, wake.number(), one.address(), 8);
      }
    } finally {
      wakeLock.unlock();
    }
  }

  /** Under the lock: a number that somebody else gets must not be written to. */
  private void closeWake() {
    wakeLock.lock();
    try {
      wake.close();
    } finally {
      wakeLock.unlock();
    }
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate((long) EVENT_SIZE * BATCH, 8);
      while (!closed) {
        long count = await(events);
        for (int i = 0; i < count && !closed; i++) {
          long at = (long) i * EVENT_SIZE;
          dispatch(
              events.get(JAVA_LONG_UNALIGNED, at + DATA_OFFSET),
              events.get(JAVA_INT_UNALIGNED, at));
        }
      }
    } finally {
      closed = true;
      watched.clear();
      epoll.close();
      closeWake();
    }
  }

  private long await(MemorySegment events) {
    return Sys.check(
        Sys.call(Nr.EPOLL_PWAIT, epoll.number(), events.address(), BATCH, -1, 0, 8),
        "epoll_pwait",
        "");
  }

  private void dispatch(long number, int events) {
    if (number == WAKE) {
      FileContents.read(wake, new byte[8], 0, 8, -1);
      for (Runnable task = tasks.poll(); task != null && !closed; task = tasks.poll()) {
        runSafely(task);
      }
      return;
    }
    Watched registration = watched.get(number);
    if (registration != null) {
      registration.handle(ready(events));
    }
  }

  @SuppressWarnings("CatchingUnchecked") // One bad handler must not end the thread of all.
  private static boolean runSafely(Runnable task) {
    try {
      task.run();
      return true;
    } catch (Exception e) {
      LOG.log(System.Logger.Level.ERROR, "a handler of the poller failed", e);
      return false;
    }
  }

  private void control(int operation, Fd fd, int events, long number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(16, 8);
      event.set(JAVA_INT_UNALIGNED, 0, events);
      event.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, number);
      Sys.check(
          Sys.call(Nr.EPOLL_CTL, epoll.number(), operation, fd.number(), event.address(), 0, 0),
          "epoll_ctl",
          fd::toString);
    }
  }

  private static int bits(Set<Ready> interest) {
    int bits = 0;
    for (Ready ready : interest) {
      bits |= ready.bit();
    }
    return bits;
  }

  private static Set<Ready> ready(int bits) {
    Set<Ready> all = EnumSet.noneOf(Ready.class);
    for (Ready ready : Ready.values()) {
      if ((bits & ready.bit()) != 0) {
        all.add(ready);
      }
    }
    return all;
  }

  /** A registration; the lock is held while its handler runs. */
  private final class Watched implements Registration {
    private final long number;
    private final Fd fd;
    private final Consumer<Set<Ready>> handler;
    private final ReentrantLock running = new ReentrantLock();

    Watched(long number, Fd fd, Consumer<Set<Ready>> handler) {
      this.number = number;
      this.fd = fd;
      this.handler = handler;
    }

    void handle(Set<Ready> events) {
      running.lock();
      try {
        // Level-triggered: a handler that fails would fail again at once, for ever.
        if (watched.containsKey(number) && !runSafely(() -> handler.accept(events))) {
          remove();
        }
      } finally {
        running.unlock();
      }
    }

    @Override
    public void interest(Set<Ready> interest) {
      if (watched.containsKey(number)) {
        control(MODIFY, fd, bits(interest), number);
      }
    }

    @Override
    public void remove() {
      if (watched.remove(number) != null) {
        try {
          control(DELETE, fd, 0, 0);
        } catch (ErrnoException e) {
          // The descriptor or the poller has been closed: nothing is watched any more.
          if (!e.is(Errno.EBADF, Errno.ENOENT)) {
            throw e;
          }
        }
      }
      // A handler that runs on the other thread holds this until it has returned.
      running.lock();
      try {
        return;
      } finally {
        running.unlock();
      }
    }
  }
}
