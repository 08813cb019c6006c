package dev.kapal.daemon;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Sockets;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reads messages from one client, and the descriptors that come with the first. Owned by one thread
 * at a time.
 */
final class FrameReader {
  private final Sockets sockets;
  private final Fd socket;
  private final int most;
  private final List<Fd> descriptors = new ArrayList<>();
  private byte[] buffer = new byte[8192];
  private int filled;

  /**
   * A reader.
   *
   * @param most descriptors that may be held at a time
   */
  FrameReader(Sockets sockets, Fd socket, int most) {
    this.sockets = sockets;
    this.socket = socket;
    this.most = most;
  }

  /** The descriptors that have come so far; the caller's from now on. */
  List<Fd> takeDescriptors() {
    List<Fd> taken = List.copyOf(descriptors);
    descriptors.clear();
    return taken;
  }

  /** The first descriptor that came and was not taken yet; the caller's from now on. */
  Optional<Fd> takeDescriptor() {
    return descriptors.isEmpty() ? Optional.empty() : Optional.of(descriptors.removeFirst());
  }

  /** A message that is whole in the buffer. */
  Optional<Frames.Frame> next() {
    ByteBuffer view = ByteBuffer.wrap(buffer, 0, filled);
    Optional<Frames.Frame> frame = Frames.take(view);
    if (frame.isPresent()) {
      System.arraycopy(buffer, view.position(), buffer, 0, filled - view.position());
      filled -= view.position();
    }
    return frame;
  }

  /**
   * Receives once. Waits as the socket does.
   *
   * @return false at the end of the stream
   */
  boolean receive() {
    if (filled == buffer.length) {
      // Frames.take has refused anything longer than the largest message before this grows further.
      buffer = Arrays.copyOf(buffer, Math.min(buffer.length * 4, Frames.LARGEST + Frames.HEAD));
    }
    Sockets.Received received =
        sockets.receive(socket, buffer, filled, buffer.length - filled, most - descriptors.size());
    descriptors.addAll(received.descriptors());
    filled += received.length();
    return received.length() > 0;
  }
}
