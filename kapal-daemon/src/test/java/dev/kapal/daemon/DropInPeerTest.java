package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.dropin.Peer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a thin program may say, and what becomes of anything else. */
final class DropInPeerTest {
  private final Linux linux = Linux.system();
  private Sockets.Pair pair;
  private DropInPeer peer;

  @BeforeEach
  void connect() {
    pair = linux.sockets().socketpair(SocketType.STREAM);
    peer = new DropInPeer(linux, pair.first());
  }

  @AfterEach
  void close() {
    pair.close();
  }

  private void say(byte[] bytes, Fd... descriptors) {
    linux.sockets().send(pair.second(), bytes, List.of(descriptors));
  }

  private static byte[] command(String... words) {
    ByteBuffer body = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    body.putInt(1).putInt(0).putInt(0).putInt(words.length).putInt(0).put((byte) '/').put((byte) 0);
    for (String word : words) {
      body.put(word.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
    }
    return ByteBuffer.allocate(8 + body.position())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(Frames.OCI)
        .putInt(body.position())
        .put(body.array(), 0, body.position())
        .array();
  }

  @Test
  void readsACommandAndItsDescriptors() {
    Fd fd = pair.second();
    say(command("state", "x"), fd, fd, fd, fd);
    assertThat(peer.command().arguments()).containsExactly("state", "x");
    List<Fd> descriptors = peer.descriptors();
    assertThat(descriptors).hasSize(4);
    descriptors.forEach(Fd::close);
  }

  @Test
  void readsEventsAndTheirDescriptors() {
    say(Frames.words(32, List.of(1, 77, 5, 0)));
    Peer.Message sync = peer.receive(Optional.of(Duration.ofSeconds(5))).orElseThrow();
    assertThat(sync.words()).containsExactly(1, 77, 5, 0);
    assertThat(sync.descriptor()).isEmpty();
    say(Frames.words(Frames.SENT, List.of(1, 1, 1, 0)), pair.second());
    Peer.Message sent = peer.receive(Optional.of(Duration.ofSeconds(5))).orElseThrow();
    assertThat(sent.descriptor()).isPresent();
    sent.descriptor().get().close();
    assertThat(peer.receive(Optional.of(Duration.ofMillis(20)))).isEmpty();
  }

  @Test
  void refusesWhatIsTooLong() {
    byte[] endless =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(4).putInt(5 << 20).array();
    say(endless);
    assertThatThrownBy(peer::command).isInstanceOf(ProtocolException.class);
    Sockets.Pair other = linux.sockets().socketpair(SocketType.STREAM);
    try (other) {
      DropInPeer second = new DropInPeer(linux, other.first());
      linux
          .sockets()
          .send(
              other.second(),
              Frames.words(32, new java.util.ArrayList<>(java.util.Collections.nCopies(17, 1))),
              List.of());
      assertThatThrownBy(() -> second.receive(Optional.of(Duration.ofSeconds(5))))
          .isInstanceOf(ProtocolException.class);
    }
  }

  @Test
  void whoLeavesIsGone() {
    pair.second().close();
    assertThatThrownBy(() -> peer.receive(Optional.empty())).isInstanceOf(Peer.Gone.class);
  }

  /** Broken commands end in an error of the protocol, whatever is broken, and in nothing else. */
  @Test
  void brokenCommandsAreErrors() {
    byte[] whole = command("run", "--bundle", "/b", "x");
    Random random = new Random(7);
    for (int round = 0; round < 3000; round++) {
      byte[] broken = whole.clone();
      for (int i = 0; i <= random.nextInt(4); i++) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(broken.length) : broken.length;
      try (Sockets.Pair each = linux.sockets().socketpair(SocketType.STREAM)) {
        DropInPeer reader = new DropInPeer(linux, each.first());
        linux.sockets().send(each.second(), broken, 0, Math.max(1, length), List.of());
        linux.sockets().shutdown(each.second(), false, true);
        try {
          assertThat(reader.command().arguments().size()).isLessThan(100);
        } catch (ProtocolException | Peer.Gone e) {
          assertThat(e).hasMessageNotContaining("null");
        }
      }
    }
  }
}
