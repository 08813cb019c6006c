package dev.kapal.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.Linux;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramTextTest {
  private static final byte[] TEXT = "no sink".getBytes(StandardCharsets.US_ASCII);

  @TempDir Path folder;

  private boolean found(int size, int at) throws Exception {
    byte[] content = new byte[size];
    if (at >= 0) {
      System.arraycopy(TEXT, 0, content, at, TEXT.length);
    }
    Path file = Files.write(folder.resolve("program"), content);
    return new ProgramText("no sink").in(Linux.system(), file);
  }

  @Test
  void isFoundWhereverItIs() throws Exception {
    int block = 1 << 20;
    for (int at : new int[] {0, 5, block - 7, block - 3, block, 2 * block - 8, 3 * block - 7}) {
      assertThat(found(3 * block, at)).as("at %d", at).isTrue();
    }
    assertThat(found(3 * block, -1)).isFalse();
    assertThat(found(0, -1)).isFalse();
    assertThat(new ProgramText("x").in(Linux.system(), folder.resolve("absent"))).isFalse();
  }
}
