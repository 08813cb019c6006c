package dev.kapal.daemon;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.dropin.Command;
import dev.kapal.runtime.dropin.DropIn;
import dev.kapal.runtime.dropin.Peer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;

/**
 * The door for kapal-oci (docs/client-protocol.md, The drop-in). Who comes through it must be root
 * with all the rights that the daemon has, in the same namespaces and below the same root
 * directory: the daemon then does nothing that the caller could not do itself, and paths mean the
 * same to both. Anybody else is told to go on without the daemon.
 */
final class DropInDoor implements AutoCloseable {
  private static final Logger LOG = System.getLogger(DropInDoor.class.getName());
  private static final List<String> NAMESPACES = List.of("mnt", "pid", "user", "cgroup");

  private final Linux linux;
  private final DropIn dropIn;
  private final Acceptor acceptor;

  DropInDoor(Linux linux, Fd listener, DropIn dropIn) {
    this.linux = linux;
    this.dropIn = dropIn;
    this.acceptor = new Acceptor(linux, listener, "oci", this::serve);
  }

  private void serve(Fd socket) {
    Sockets.Credentials credentials = linux.sockets().peerCredentials(socket);
    DropInPeer peer = new DropInPeer(linux, socket);
    if (!equal(credentials)) {
      LOG.log(
          Level.DEBUG,
          "process {0} of user {1} runs its command without the daemon",
          Integer.toString(credentials.pid()),
          Long.toString(credentials.uid()));
      peer.send(Frames.ELSEWHERE, List.of(), List.of());
      return;
    }
    run(linux, dropIn, peer, credentials.pid());
  }

  /** Reads one command and runs it. */
  static void run(Linux linux, DropIn dropIn, DropInPeer peer, int pid) {
    List<Fd> descriptors = List.of();
    try {
      CommandMessage message = peer.command();
      descriptors = peer.descriptors();
      if (descriptors.size() != DropInPeer.DESCRIPTORS) {
        throw new ProtocolException(descriptors.size() + " descriptors came, not 4");
      }
      dropIn.run(
          new Command(
              message.arguments(),
              descriptors.get(3),
              message.directory(),
              message.environment(),
              descriptors.get(0),
              descriptors.get(1),
              descriptors.get(2),
              pid),
          peer);
    } catch (Peer.Gone e) {
      LOG.log(Level.DEBUG, "a command of kapal-oci was cut off: {0}", e.getMessage());
    } finally {
      ClientDoor.closeAll(descriptors);
      ClientDoor.closeAll(peer.descriptors());
    }
  }

  private boolean equal(Sockets.Credentials peer) {
    int self = linux.processes().self();
    return peer.uid() == 0
        && peer.pid() > 0
        && NAMESPACES.stream()
            .allMatch(kind ->
                linux
                    .processes()
                    .namespace(peer.pid(), kind)
                    .equals(linux.processes().namespace(self, kind)))
        && capabilities(self) == (capabilities(self) & capabilities(peer.pid()))
        && sameRoot(peer.pid());
  }

  private long capabilities(int pid) {
    return linux
        .processes()
        .status(pid, "CapEff")
        .map(hex -> Long.parseUnsignedLong(hex, 16))
        .orElse(0L);
  }

  private boolean sameRoot(int pid) {
    try (Fd theirs = linux.descriptors().open("/proc/" + pid + "/root", O_PATH);
        Fd ours = linux.descriptors().open("/", O_PATH)) {
      return linux.descriptors().fstat(theirs).ino() == linux.descriptors().fstat(ours).ino()
          && linux.descriptors().fstat(theirs).dev().equals(linux.descriptors().fstat(ours).dev());
    } catch (ErrnoException e) {
      return false;
    }
  }

  @Override
  public void close() {
    acceptor.close();
    dropIn.close();
  }
}
