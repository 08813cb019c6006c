package dev.kapal.runtime.dropin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.IntelRdt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a folder that stands for resctrl: its files come into being when they are written. */
class ResourceControlTest {
  @TempDir Path root;

  @BeforeEach
  void aDefaultClass() throws IOException {
    Files.createDirectories(root.resolve("mon_groups"));
    Files.createDirectories(root.resolve("info"));
  }

  private static IntelRdt rdt(String closId, List<String> schemata, String l3, String mb) {
    return new IntelRdt(closId, schemata, l3, mb, false);
  }

  private ResourceControl control(IntelRdt rdt) {
    return new ResourceControl(Linux.system(), root.toString(), rdt, "box");
  }

  private String text(String path) throws IOException {
    return Files.readString(root.resolve(path));
  }

  @Test
  void anOwnClassHasTheContainersNameAndGoesWithIt() throws IOException {
    ResourceControl control = control(rdt("", List.of("L2:0=f"), "L3:0=7f0;1=1f", "MB:0=20;1=70"));
    control.check();
    assertThat(root.resolve("box")).doesNotExist();
    control.enter(41);
    assertThat(text("box/schemata")).isEqualTo("L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\n");
    assertThat(text("box/tasks")).isEqualTo("41\n");
    control.join(42);
    assertThat(text("box/tasks")).isEqualTo("42\n");
    assertThatThrownBy(control::check).hasMessageContaining("already");
    // The kernel's files go with their directory; those of a folder have to be removed.
    Files.delete(root.resolve("box/schemata"));
    Files.delete(root.resolve("box/tasks"));
    control.remove();
    assertThat(root.resolve("box")).doesNotExist();
    control.remove();
  }

  @Test
  void withoutSchemataNoneAreWritten() throws IOException {
    Files.createDirectory(root.resolve("gold"));
    ResourceControl control = control(rdt("gold", List.of(), "", ""));
    control.check();
    control.enter(7);
    assertThat(root.resolve("gold/schemata")).doesNotExist();
    assertThat(text("gold/tasks")).isEqualTo("7\n");
    control.remove();
    assertThat(root.resolve("gold")).isDirectory();
  }

  @Test
  void aNamedClassHasToBeThereOrToBeDescribed() {
    assertThatThrownBy(control(rdt("gold", List.of(), "", ""))::check)
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("gold");
    ResourceControl described = control(rdt("gold", List.of(), "L3:0=f", ""));
    described.check();
    described.enter(7);
    assertThat(root.resolve("gold/tasks")).hasContent("7\n");
  }

  @Test
  void aClassThatIsThereIsCompared() throws IOException {
    Files.createDirectory(root.resolve("gold"));
    Files.writeString(root.resolve("gold/schemata"), "    MB:0= 20;1=100\n    L3:0=07f0;1=7ff\n");
    control(rdt("gold", List.of(), "L3:0=7F0", "MB:0=20")).check();
    assertThatThrownBy(control(rdt("gold", List.of(), "L3:0=7f0;1=f", ""))::check)
        .hasMessageContaining("L3:1=f");
    assertThatThrownBy(control(rdt("gold", List.of(), "", "MB:2=20"))::check)
        .hasMessageContaining("MB:2=20");
  }

  @Test
  void theDefaultClassIsTheRootAndMonitoringIsTheContainers() throws IOException {
    ResourceControl control = control(new IntelRdt("/", List.of(), "", "", true));
    control.check();
    control.enter(9);
    assertThat(text("tasks")).isEqualTo("9\n");
    assertThat(text("mon_groups/box/tasks")).isEqualTo("9\n");
    Files.delete(root.resolve("mon_groups/box/tasks"));
    control.remove();
    assertThat(root.resolve("mon_groups/box")).doesNotExist();
    assertThat(root).isDirectory();
  }

  @Test
  void linesOfTheCacheSchemaForMemoryYield() {
    assertThat(Schemata.combined(rdt("", List.of(), "L3:0=f\nMB:0=10\n", "MB:0=20")))
        .containsExactly("L3:0=f", "MB:0=20");
    assertThat(Schemata.combined(rdt("", List.of(), "L3:0=f\nMB:0=10", "")))
        .containsExactly("L3:0=f", "MB:0=10");
  }

  @Test
  void whatCannotBeFollowedChangesNothing() throws IOException {
    for (String name : List.of("..", "a/b", "info", "mon_groups", "x\ny")) {
      assertThatThrownBy(control(rdt(name, List.of(), "L3:0=f", ""))::check)
          .as(name)
          .isInstanceOf(CommandFailed.class);
    }
    for (String schema : List.of("L3", "L3:", "L3:0", ":0=1", "L3:=1")) {
      assertThatThrownBy(control(rdt("", List.of(schema), "", ""))::check)
          .as(schema)
          .isInstanceOf(CommandFailed.class);
    }
    assertThatThrownBy(control(rdt("", List.of(), "", "L3:0=1"))::check)
        .hasMessageContaining("memBwSchema");
    assertThat(root.resolve("box")).doesNotExist();
  }

  @Test
  void whatTheKernelSaysOfARefusalIsPassedOn() throws IOException {
    Files.writeString(root.resolve("info/last_cmd_status"), "mask f exceeds\n");
    Files.createDirectories(root.resolve("gold/schemata"));
    ResourceControl control = control(rdt("gold", List.of("L3:0=f"), "", ""));
    assertThatThrownBy(() -> control.enter(1)).hasMessageContaining("mask f exceeds");
    assertThat(root.resolve("gold")).isDirectory();
  }
}
