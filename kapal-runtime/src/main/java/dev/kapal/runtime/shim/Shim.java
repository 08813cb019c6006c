package dev.kapal.runtime.shim;

import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ttrpc.TtrpcClient;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** The connection to a shim, and the containers that it has. */
final class Shim implements AutoCloseable {
  private static final Duration GOING = Duration.ofSeconds(5);

  private final StartReply reply;
  private final TtrpcClient client;
  private final TaskService tasks;
  private final SandboxService sandboxes;
  private final Set<ShimContainer> users = ConcurrentHashMap.newKeySet();
  private volatile boolean leaving;
  private volatile boolean staying;

  private Shim(ShimHost host, StartReply reply, dev.kapal.linux.Fd socket) {
    this.reply = reply;
    this.client = TtrpcClient.over(host.linux(), host.poller(), socket, this::lost);
    this.tasks =
        new TaskService(
            client, reply.version(), host.binary().title(), host.config().commandTimeout());
    this.sandboxes = new SandboxService(client, host.binary().title());
  }

  /** Connects; fails with an ErrnoException when nobody listens. */
  static Shim connect(ShimHost host, StartReply reply) {
    return new Shim(host, reply, address(reply).connect(host.linux()));
  }

  private static ShimAddress address(StartReply reply) {
    return ShimAddress.parse(reply.address());
  }

  StartReply reply() {
    return reply;
  }

  TaskService tasks() {
    return tasks;
  }

  SandboxService sandboxes() {
    return sandboxes;
  }

  /** It belongs to a sandbox, and does not go with its last container. */
  void stay() {
    staying = true;
  }

  boolean isOpen() {
    return client.isOpen();
  }

  /** Whether it is worth asking to end something. */
  boolean answers() {
    return client.isOpen() && !tasks.hangs();
  }

  void join(ShimContainer container) {
    users.add(container);
  }

  /**
   * A container has left.
   *
   * @return whether it was the last one, and the shim goes with it
   */
  boolean leave(ShimContainer container) {
    users.remove(container);
    return users.isEmpty() && !staying;
  }

  private void lost(String why) {
    if (!leaving) {
      Thread.ofPlatform()
          .daemon()
          .name("kapal-shim-lost")
          .start(() -> users.forEach(c -> c.shimDied(why)));
    }
  }

  /**
   * Asks it to go, and waits until it has.
   *
   * @return whether it has
   */
  boolean shutdown(String id) {
    leaving = true;
    try {
      tasks.shutdown(id);
    } catch (ContainerException _) {
      // Some go before they have answered.
    }
    return gone();
  }

  /** As {@link #shutdown}, with the sandbox that it has made. */
  boolean endSandbox(String id) {
    leaving = true;
    try {
      sandboxes.shutdown(id, GOING);
    } catch (ContainerException.Unsupported _) {
      return shutdown(id);
    } catch (ContainerException _) {
      // Some go before they have answered.
    }
    return gone();
  }

  private boolean gone() {
    long end = System.nanoTime() + GOING.toNanos();
    while (client.isOpen() && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(500_000);
    }
    return !client.isOpen();
  }

  /** Removes what is left of its socket. */
  void clean(Linux linux) {
    address(reply).clean(linux);
  }

  /** Lets go of it; it goes on. */
  @Override
  public void close() {
    leaving = true;
    client.close();
  }
}
