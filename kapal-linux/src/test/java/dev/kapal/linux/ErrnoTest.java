package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ErrnoTest {
  @Test
  void knowsNamesAndMessages() {
    assertThat(Errno.of(2)).isEqualTo(Errno.ENOENT);
    assertThat(Errno.ENOENT.message()).isEqualTo("No such file or directory");
    assertThat(Errno.of(133).name()).isEqualTo("EHWPOISON");
    assertThat(Errno.of(41).name()).isEqualTo("errno 41");
    assertThat(Errno.of(4000)).isEqualTo(new Errno(4000, "errno 4000", "unknown error"));
  }

  @Test
  void exceptionSaysCallTargetAndReason() {
    ErrnoException e = new ErrnoException("openat2", "etc/passwd", Errno.ENOENT);
    assertThat(e).hasMessage("openat2 \"etc/passwd\": ENOENT (No such file or directory)");
    assertThat(e.is(Errno.EPERM, Errno.ENOENT)).isTrue();
    assertThat(e.is(Errno.EPERM)).isFalse();
  }

  @Test
  void exceptionShowsHostileNamesOnOneLine() {
    String name = PathBytes.decode(new byte[] {'a', '\n', '"', (byte) 0xff, 0x1b, '\\'});
    assertThat(new ErrnoException("open", name, Errno.EIO))
        .hasMessageContaining("\"a\\x0a\\\"\\xff\\x1b\\\\\"");
    assertThat(new ErrnoException("open", "x".repeat(5000), Errno.EIO).getMessage())
        .hasSizeLessThan(400);
  }
}
