package dev.kapal.daemon;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * Accepts clients on one platform thread, and serves each on a platform thread of its own, because
 * commands block in system calls.
 */
final class Acceptor implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Acceptor.class.getName());
  private static final int MOST = 512;

  private final Linux linux;
  private final Fd listener;
  private final Consumer<Fd> server;
  private final Semaphore free = new Semaphore(MOST);
  private final ExecutorService threads;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * Begins.
   *
   * @param name of its threads
   * @param server serves one client, whose socket is closed behind it
   */
  Acceptor(Linux linux, Fd listener, String name, Consumer<Fd> server) {
    this.linux = linux;
    this.listener = listener;
    this.server = server;
    this.threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    this.thread = Thread.ofPlatform().daemon().name(name + "-door").start(this::acceptAll);
  }

  private void acceptAll() {
    while (!closed) {
      Fd socket;
      try {
        // At most MOST at once: further clients wait in the kernel's queue.
        free.acquire();
        socket = linux.sockets().accept(listener);
      } catch (ErrnoException e) {
        free.release();
        if (!closed) {
          LOG.log(Level.WARNING, "cannot accept a client: {0}", e.getMessage());
          pause();
        }
        continue;
      } catch (InterruptedException e) {
        return;
      }
      threads.execute(() -> {
        try (socket) {
          server.accept(socket);
        } catch (ProtocolException | ErrnoException e) {
          LOG.log(Level.WARNING, "dropped a client: {0}", e.getMessage());
        } finally {
          free.release();
        }
      });
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** No new clients; what runs goes on until the process ends. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    linux.sockets().shutdown(listener, true, true);
    threads.shutdown();
  }
}
