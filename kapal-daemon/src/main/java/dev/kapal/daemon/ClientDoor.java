package dev.kapal.daemon;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.Sockets;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.OptionalLong;

/**
 * The door for the thin client (docs/client-protocol.md). What clients say while their command runs
 * comes through one poller.
 */
final class ClientDoor implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ClientDoor.class.getName());

  private final Linux linux;
  private final OptionalLong group;
  private final CommandRunner runner;
  private final Poller poller;
  private final Acceptor acceptor;

  ClientDoor(Linux linux, Fd listener, OptionalLong group, CommandRunner runner) {
    this.linux = linux;
    this.group = group;
    this.runner = runner;
    this.poller = linux.newPoller("clients");
    this.acceptor = new Acceptor(linux, listener, "command", this::serve);
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

  /** No new clients; commands that run go on until the process ends. */
  @Override
  public void close() {
    acceptor.close();
  }

  /** Descriptors that a client has passed, closed together. */
  static void closeAll(List<Fd> descriptors) {
    descriptors.forEach(Fd::close);
  }
}
