package dev.kapal.daemon;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.Sockets;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/**
 * The door for the thin client (docs/client-protocol.md). One platform thread accepts; each command
 * runs on a platform thread of its own, because commands block in system calls; what clients say
 * meanwhile comes through one poller.
 */
final class ClientDoor implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ClientDoor.class.getName());
  private static final int MOST_COMMANDS = 512;

  private final Linux linux;
  private final Fd listener;
  private final OptionalLong group;
  private final CommandRunner runner;
  private final Poller poller;
  private final Semaphore free = new Semaphore(MOST_COMMANDS);
  private final ExecutorService commands =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("command-", 0).factory());
  private final Thread acceptor;
  private volatile boolean closed;

  ClientDoor(Linux linux, Fd listener, OptionalLong group, CommandRunner runner) {
    this.linux = linux;
    this.listener = listener;
    this.group = group;
    this.runner = runner;
    this.poller = linux.newPoller("clients");
    this.acceptor = Thread.ofPlatform().daemon().name("client-door").start(this::acceptAll);
  }

  private void acceptAll() {
    while (!closed) {
      Fd socket;
      try {
        // At most MOST_COMMANDS at once: further clients wait in the kernel's queue.
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
      commands.execute(() -> {
        try (socket) {
          serve(socket);
        } catch (ProtocolException | ErrnoException e) {
          LOG.log(Level.WARNING, "dropped a client: {0}", e.getMessage());
        } finally {
          free.release();
        }
      });
    }
  }

  private void serve(Fd socket) {
    Sockets.Credentials peer = linux.sockets().peerCredentials(socket);
    if (!Access.allowed(peer, linux.processes(), group)) {
      LOG.log(
          Level.WARNING,
          "refused process {0} of user {1}: it is neither root nor of the daemon''s group",
          Integer.toString(peer.pid()),
          Long.toString(peer.uid()));
      return;
    }
    try (ClientSession session = ClientSession.open(linux, poller, socket, peer)) {
      session.run(runner);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** No new clients; commands that run go on until the process ends. */
  @Override
  public void close() {
    closed = true;
    acceptor.interrupt();
    linux.sockets().shutdown(listener, true, true);
    commands.shutdown();
  }

  /** Descriptors that a client has passed, closed together. */
  static void closeAll(List<Fd> descriptors) {
    descriptors.forEach(Fd::close);
  }
}
