package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PathBytesTest {
  @Test
  void ordinaryNamesAreOrdinaryStrings() {
    for (String name : new String[] {"", "a", "käpal", "船", "🚢", "a/b c\u007f"}) {
      byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
      assertThat(PathBytes.encode(name)).isEqualTo(utf8);
      assertThat(PathBytes.decode(utf8)).isEqualTo(name);
    }
  }

  @Test
  void anyBytesSurvive() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(12)];
      for (int k = 0; k < bytes.length; k++) {
        // Bytes from which many almost well-formed sequences come about.
        int[] pool = {0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0x9f, 0xed, 0xf0, 0x90, 0xf4, 0x8f};
        bytes[k] =
            (byte)
                (random.nextBoolean()
                    ? pool[random.nextInt(pool.length)]
                    : 1 + random.nextInt(255));
      }
      assertThat(PathBytes.encode(PathBytes.decode(bytes))).isEqualTo(bytes);
    }
  }

  @Test
  void illFormedBytesBecomeSurrogates() {
    assertThat(PathBytes.decode(new byte[] {'a', (byte) 0xff})).isEqualTo("a\udcff");
    // An encoded surrogate is not UTF-8 and must not become one.
    assertThat(PathBytes.decode(new byte[] {(byte) 0xed, (byte) 0xb2, (byte) 0x80}))
        .isEqualTo("\udced\udcb2\udc80");
  }

  @Test
  void refusesWhatIsNoName() {
    assertThatThrownBy(() -> PathBytes.encode("a\0b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PathBytes.encode("é\0")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PathBytes.encode("\ud800"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
