package dev.kapal.daemon;

import dev.kapal.cli.context.Caller;
import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.Streams;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.Sockets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One client, from its COMMAND to its EXIT. Owned by the command's thread. */
final class ClientSession implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Set<Poller.Ready> READABLE = Set.of(Poller.Ready.READ);

  private final Linux linux;
  private final Poller poller;
  private final Fd socket;
  private final Sockets.Credentials peer;
  private final FrameReader reader;
  private final CommandMessage message;
  private final List<Fd> descriptors;

  private ClientSession(
      Linux linux,
      Poller poller,
      Fd socket,
      Sockets.Credentials peer,
      FrameReader reader,
      CommandMessage message,
      List<Fd> descriptors) {
    this.linux = linux;
    this.poller = poller;
    this.socket = socket;
    this.peer = peer;
    this.reader = reader;
    this.message = message;
    this.descriptors = descriptors;
  }

  /**
   * Reads the COMMAND.
   *
   * @throws ProtocolException when the client does not send one in time, or a wrong one
   */
  static ClientSession open(Linux linux, Poller poller, Fd socket, Sockets.Credentials peer) {
    linux.sockets().receiveTimeout(socket, PATIENCE);
    FrameReader reader = new FrameReader(linux.sockets(), socket, 3);
    Optional<Frames.Frame> first = Optional.empty();
    try {
      while (first.isEmpty()) {
        if (!reader.receive()) {
          throw new ProtocolException("the client left before it had said its command");
        }
        first = reader.next();
      }
      if (first.get().type() != Frames.COMMAND) {
        throw new ProtocolException("the first message is of type " + first.get().type());
      }
      CommandMessage message = CommandMessage.read(first.get().body());
      List<Fd> descriptors = reader.takeDescriptors();
      if (descriptors.size() != 3) {
        ClientDoor.closeAll(descriptors);
        throw new ProtocolException(descriptors.size() + " descriptors came, not 3");
      }
      return new ClientSession(linux, poller, socket, peer, reader, message, descriptors);
    } catch (ProtocolException | ErrnoException e) {
      ClientDoor.closeAll(reader.takeDescriptors());
      throw e;
    }
  }

  void run(CommandRunner runner) {
    ConnectedClient client =
        new ConnectedClient(
            linux.sockets(), socket, new WindowSize(message.rows(), message.columns()));
    Set<Integer> terminals = message.terminals();
    CommandContext context =
        new CommandContext(
            message.arguments(),
            message.directory(),
            message.environment(),
            new Streams(
                descriptors.get(0),
                descriptors.get(1),
                descriptors.get(2),
                terminals.contains(0),
                terminals.contains(1),
                terminals.contains(2)),
            new Caller(peer.uid(), peer.gid(), peer.pid()),
            client);
    int status;
    try (Listening listening = new Listening(client)) {
      status = runner.run(context);
    }
    client.exit(status);
  }

  /** Passes on what the client says while the command runs. */
  private final class Listening implements AutoCloseable {
    private final ConnectedClient client;
    private final Poller.Registration registration;

    Listening(ConnectedClient client) {
      this.client = client;
      this.registration = poller.register(socket, READABLE, ready -> readable());
    }

    private void readable() {
      boolean open;
      try {
        // The socket is readable, so this does not wait; descriptors are not expected any more.
        open = reader.receive();
        ClientDoor.closeAll(reader.takeDescriptors());
        for (Optional<Frames.Frame> f = reader.next(); f.isPresent(); f = reader.next()) {
          client.received(f.get());
        }
      } catch (ProtocolException | ErrnoException e) {
        open = false;
      }
      if (!open) {
        registration.interest(Set.of());
        registration.remove();
        client.vanished();
      }
    }

    @Override
    public void close() {
      registration.remove();
    }
  }

  @Override
  public void close() {
    ClientDoor.closeAll(descriptors);
  }
}
