package dev.kapal.runtime.dropin;

import dev.kapal.linux.Fd;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The thin program at the other end (docs/client-protocol.md, The drop-in). Used by one thread. A
 * connection that breaks is a {@link Gone} from either method.
 */
public interface Peer {
  /** Sends one message of 32-bit words, with descriptors. */
  void send(int type, List<Integer> words, List<Fd> descriptors);

  /** The next message; empty when none comes within that time. */
  Optional<Message> receive(Optional<Duration> timeout);

  /**
   * A message.
   *
   * @param type its type
   * @param words its body
   * @param descriptor what came with it, now the receiver's
   */
  record Message(int type, List<Integer> words, Optional<Fd> descriptor) {
    /** Copies the list. */
    public Message {
      words = List.copyOf(words);
    }

    int word(int index) {
      return index < words.size() ? words.get(index) : 0;
    }
  }

  /** The program at the other end is gone, or does not speak the protocol. */
  final class Gone extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Gone(String message) {
      super(message);
    }
  }
}
