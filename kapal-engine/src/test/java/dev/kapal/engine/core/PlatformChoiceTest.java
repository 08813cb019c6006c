package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.oci.Platform;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A container's image is the variant that its platform asks for, or none. */
class PlatformChoiceTest {
  @TempDir Path temp;

  @Test
  void theVariantIsTakenOrNone() {
    String host = Platform.host().toString();
    try (LocalEngine engine = new FakeWorld(temp).open()) {
      Containers containers = engine.containers();
      assertThatThrownBy(
              () -> containers.create(ContainerSpec.builder("web").platform("linux/s390x").build()))
          .isInstanceOf(EngineException.NotFound.class)
          .hasMessage(
              "image web is here for %s, not for linux/s390x: pull or load it with --platform linux/s390x",
              host);
      assertThatThrownBy(() -> containers.create(ContainerSpec.builder("other").build()))
          .isInstanceOf(EngineException.NotFound.class)
          .hasMessageContaining("no image \"other\" here");
      assertThat(containers.list(true, Filters.NONE)).isEmpty();
      String id = containers.create(ContainerSpec.builder("web").platform(host).build()).id();
      assertThat(containers.inspect(id).platform()).isEqualTo(host);
    }
  }
}
