package dev.kapal.daemon;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.dropin.Peer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The thin program behind a socket (docs/client-protocol.md, The drop-in). */
final class DropInPeer implements Peer {
  /** Descriptors that may come with a message: 0, 1, 2 and the working directory. */
  static final int DESCRIPTORS = 4;

  /** Everything it says behind its command is a few numbers. */
  private static final int LONGEST = 64;

  private final Sockets sockets;
  private final Fd socket;
  private final FrameReader reader;
  private Duration timeout = Duration.ofSeconds(10);

  DropInPeer(Linux linux, Fd socket) {
    this.sockets = linux.sockets();
    this.socket = socket;
    this.reader = new FrameReader(sockets, socket, DESCRIPTORS);
    sockets.receiveTimeout(socket, timeout);
  }

  /** The first message, which has to come soon. */
  CommandMessage command() {
    Frames.Frame first =
        next().orElseThrow(() -> new ProtocolException("the client does not say its command"));
    if (first.type() != Frames.OCI) {
      throw new ProtocolException("the first message is of type " + first.type());
    }
    return CommandMessage.read(first.body());
  }

  /** What came with the first message, or with one that nobody has taken. */
  List<Fd> descriptors() {
    return reader.takeDescriptors();
  }

  private Optional<Frames.Frame> next() {
    try {
      for (; ; ) {
        Optional<Frames.Frame> frame = reader.next();
        if (frame.isPresent()) {
          return frame;
        }
        if (!reader.receive()) {
          throw new Gone("the client left before its command was done");
        }
      }
    } catch (ErrnoException e) {
      if (e.is(Errno.EAGAIN)) {
        return Optional.empty();
      }
      throw new Gone("the connection to the client broke: " + e.getMessage());
    }
  }

  @Override
  public Optional<Message> receive(Optional<Duration> wanted) {
    Duration wait = wanted.orElse(Duration.ZERO);
    if (!wait.equals(timeout)) {
      sockets.receiveTimeout(socket, wait);
      timeout = wait;
    }
    return next().map(this::message);
  }

  private Message message(Frames.Frame frame) {
    if (frame.body().length > LONGEST || frame.body().length % 4 != 0) {
      throw new ProtocolException(
          "a message of " + frame.body().length + " bytes is none of the drop-in's");
    }
    List<Integer> words = new ArrayList<>();
    ByteBuffer body = ByteBuffer.wrap(frame.body()).order(ByteOrder.LITTLE_ENDIAN);
    while (body.hasRemaining()) {
      words.add(body.getInt());
    }
    boolean carries = frame.type() == Frames.SENT && words.size() > 2 && words.get(2) != 0;
    return new Message(frame.type(), words, carries ? reader.takeDescriptor() : Optional.empty());
  }

  @Override
  public void send(int type, List<Integer> words, List<Fd> descriptors) {
    try {
      sockets.send(socket, Frames.words(type, words), descriptors);
    } catch (ErrnoException e) {
      throw new Gone("the connection to the client broke: " + e.getMessage());
    }
  }
}
