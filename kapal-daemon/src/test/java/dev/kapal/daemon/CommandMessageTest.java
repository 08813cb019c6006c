package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CommandMessageTest {
  static byte[] body(int version, int flags, List<String> words, List<String> environment) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer head = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(version).putInt(flags).putShort((short) 24).putShort((short) 80);
    head.putInt(words.size()).putInt(environment.size());
    out.writeBytes(head.array());
    out.writeBytes("/somewhere\0".getBytes(StandardCharsets.UTF_8));
    for (String word : words) {
      out.writeBytes((word + "\0").getBytes(StandardCharsets.UTF_8));
    }
    for (String entry : environment) {
      out.writeBytes((entry + "\0").getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  @Test
  void readsWhatTheClientSays() {
    CommandMessage message =
        CommandMessage.read(
            body(1, 5, List.of("run", "", "bücher"), List.of("A=b=c", "BAD", "A=d")));
    assertThat(message.arguments()).containsExactly("run", "", "bücher");
    assertThat(message.environment()).containsOnlyKeys("A").containsEntry("A", "d");
    assertThat(message.directory()).isEqualTo("/somewhere");
    assertThat(message.terminals()).containsExactlyInAnyOrder(0, 2);
    assertThat(message.rows()).isEqualTo(24);
    assertThat(message.columns()).isEqualTo(80);
  }

  @Test
  void refusesAnotherVersionAndLooseEnds() {
    assertThatThrownBy(() -> CommandMessage.read(body(2, 0, List.of(), List.of())))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("version 2");
    byte[] whole = body(1, 0, List.of("ps"), List.of());
    assertThatThrownBy(() -> CommandMessage.read(Arrays.copyOf(whole, whole.length - 1)))
        .isInstanceOf(ProtocolException.class);
    assertThatThrownBy(() -> CommandMessage.read(Arrays.copyOf(whole, whole.length + 1)))
        .isInstanceOf(ProtocolException.class);
  }

  @Test
  void anyBytesAreReadOrRefused() {
    byte[] whole = body(1, 0, List.of("run", "--rm", "busybox"), List.of("PATH=/bin", "TERM=x"));
    Random random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      byte[] broken = whole.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      byte[] cut = Arrays.copyOf(broken, random.nextInt(broken.length + 8));
      try {
        assertThat(CommandMessage.read(cut).arguments()).hasSizeLessThanOrEqualTo(cut.length);
      } catch (ProtocolException expected) {
        assertThat(expected).hasMessageNotContaining("null");
      }
    }
  }

  @Test
  void framesAreTakenWhenTheyAreWhole() {
    byte[] two = new byte[24];
    System.arraycopy(Frames.number(Frames.SIGNAL, 15), 0, two, 0, 12);
    System.arraycopy(Frames.number(Frames.RESIZE, 0x00500018), 0, two, 12, 12);
    ByteBuffer in = ByteBuffer.wrap(two, 0, 11);
    assertThat(Frames.take(in)).isEmpty();
    in.limit(24);
    Optional<Frames.Frame> signal = Frames.take(in);
    assertThat(signal).hasValueSatisfying(f -> assertThat(f.number()).isEqualTo(15));
    Optional<Frames.Frame> resize = Frames.take(in);
    assertThat(resize)
        .hasValueSatisfying(f -> {
          assertThat(f.half(0)).isEqualTo(24);
          assertThat(f.half(1)).isEqualTo(80);
        });
    assertThat(Frames.take(in)).isEmpty();
    ByteBuffer huge = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    huge.putInt(1).putInt(Frames.LARGEST + 1).flip();
    assertThatThrownBy(() -> Frames.take(huge)).isInstanceOf(ProtocolException.class);
  }
}
