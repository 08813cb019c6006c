package dev.kapal.image.local;

import dev.kapal.image.unpack.Trees;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test with a directory that is removed by descriptor, whatever a layer put into it. */
public abstract class ScratchTest {
  protected Path root = Path.of("/nonexistent");
  protected final Descriptors calls = Linux.system().descriptors();

  protected ScratchTest() {}

  @BeforeEach
  final void makeScratch() throws IOException {
    StoreFixture.needsRoot();
    root = Files.createTempDirectory("kapal-image-test");
  }

  @AfterEach
  final void removeScratch() {
    if (root.toString().startsWith("/nonexistent")) {
      return;
    }
    try (Fd parent =
        calls.open(
            Objects.requireNonNull(root.getParent()).toString(),
            Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      Trees.remove(calls, parent, root.getFileName().toString());
    }
  }
}
