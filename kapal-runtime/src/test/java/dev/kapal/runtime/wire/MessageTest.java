package dev.kapal.runtime.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageTest {
  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  /** The examples of the encoding's specification. */
  @Test
  void writesAsSpecified() {
    assertThat(new MessageWriter().number(1, 150).toBytes()).isEqualTo(hex("08 96 01"));
    assertThat(new MessageWriter().text(2, "testing").toBytes())
        .isEqualTo(hex("12 07 74 65 73 74 69 6e 67"));
    assertThat(new MessageWriter().message(3, new MessageWriter().number(1, 150)).toBytes())
        .isEqualTo(hex("1a 03 08 96 01"));
    assertThat(new MessageWriter().number(1, -2).toBytes())
        .isEqualTo(hex("08 fe ff ff ff ff ff ff ff ff 01"));
  }

  @Test
  void leavesOutDefaultsButNotMessagesAndElements() {
    assertThat(
            new MessageWriter()
                .text(1, "")
                .number(2, 0)
                .flag(3, false)
                .bytes(4, new byte[0])
                .toBytes())
        .isEmpty();
    assertThat(new MessageWriter().message(1, new MessageWriter()).toBytes())
        .isEqualTo(hex("0a 00"));
    assertThat(Message.parse(new MessageWriter().texts(1, List.of("", "a")).toBytes()).texts(1))
        .containsExactly("", "a");
  }

  @Test
  void readsWhatItWrote() {
    byte[] bytes =
        new MessageWriter()
            .text(1, "käpal")
            .number(2, 1L << 40)
            .flag(3, true)
            .message(4, new MessageWriter().text(1, "a"))
            .message(4, new MessageWriter().text(1, "b"))
            .map(5, Map.of("k", "v"))
            .number(300, 7)
            .toBytes();
    Message message = Message.parse(bytes);
    assertThat(message.text(1)).isEqualTo("käpal");
    assertThat(message.bytes(1)).isEqualTo("käpal".getBytes(StandardCharsets.UTF_8));
    assertThat(message.number(2)).isEqualTo(1L << 40);
    assertThat(message.flag(3)).isTrue();
    assertThat(message.messages(4)).extracting(m -> m.text(1)).containsExactly("a", "b");
    assertThat(message.message(4).text(1)).isEqualTo("b");
    assertThat(message.message(5).text(2)).isEqualTo("v");
    assertThat(message.number(300)).isEqualTo(7);
    assertThat(message.has(9)).isFalse();
    assertThat(message.text(9)).isEmpty();
    assertThat(message.message(9).number(1)).isZero();
  }

  /** Fixed-width fields of newer versions are passed over. */
  @Test
  void passesOverWhatItDoesNotKnow() {
    assertThat(Message.parse(hex("09 0102030405060708 15 01020304 18 05")).number(3)).isEqualTo(5);
  }

  @Test
  void refusesDamage() {
    for (String bad :
        List.of(
            "08", // no value
            "0a 05 61", // shorter than it says
            "0a ff ff ff ff 0f", // 4 GiB
            "0a ff ff ff ff ff ff ff ff ff 01", // a negative length
            "0b 0c", // a group
            "00 01", // field 0
            "08 ff ff ff ff ff ff ff ff ff ff 01", // eleven bytes
            "0d 01")) {
      assertThatThrownBy(() -> Message.parse(hex(bad))).as(bad).isInstanceOf(WireException.class);
    }
    assertThatThrownBy(() -> Message.parse(hex("08 01")).text(1)).isInstanceOf(WireException.class);
    assertThatThrownBy(() -> Message.parse(hex("08 01".repeat(100_001))))
        .isInstanceOf(WireException.class);
  }

  /** Whatever comes: a message or this one exception. */
  @Test
  void fuzz() {
    Random random = new Random(4711);
    byte[] good =
        new MessageWriter()
            .text(1, "abc")
            .number(2, 9)
            .message(3, new MessageWriter().text(1, "x"))
            .toBytes();
    for (int round = 0; round < 200_000; round++) {
      byte[] bytes;
      if (round % 2 == 0) {
        bytes = new byte[random.nextInt(40)];
        random.nextBytes(bytes);
      } else {
        bytes = good.clone();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        Message message = Message.parse(bytes);
        message.text(1);
        message.number(2);
        message.message(3).texts(1);
      } catch (WireException _) {
        // As it should.
      }
    }
  }
}
