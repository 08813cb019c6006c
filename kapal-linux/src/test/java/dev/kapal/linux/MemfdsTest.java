package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MemfdsTest {
  private final Descriptors files = Linux.system().descriptors();
  private final Memfds memfds = Linux.system().memfds();

  @Test
  void sealedContentCannotChange() {
    byte[] content = {1, 2, 3};
    try (Fd memfd = memfds.create("content", content)) {
      assertThat(files.readFully(memfd, 10)).isEqualTo(content);
      assertThatThrownBy(() -> files.pwrite(memfd, content, 0, 1, 0)).hasMessageContaining("EPERM");
      assertThatThrownBy(() -> files.ftruncate(memfd, 1)).hasMessageContaining("EPERM");
      assertThatThrownBy(() -> files.ftruncate(memfd, 100)).hasMessageContaining("EPERM");
      assertThatThrownBy(() -> memfds.seal(memfd)).hasMessageContaining("EPERM");
      try (Fd again = files.reopen(memfd, Fcntl.O_RDWR)) {
        assertThatThrownBy(() -> files.write(again, content, 0, 1)).hasMessageContaining("EPERM");
      }
    }
  }

  @Test
  void writableUntilSealed() {
    try (Fd memfd = memfds.createWritable("log")) {
      files.writeFully(memfd, new byte[] {5});
      memfds.seal(memfd);
      assertThatThrownBy(() -> files.write(memfd, new byte[1], 0, 1)).hasMessageContaining("EPERM");
    }
  }
}
