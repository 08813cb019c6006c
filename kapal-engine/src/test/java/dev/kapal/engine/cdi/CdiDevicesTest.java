package dev.kapal.engine.cdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CdiDevicesTest {
  private static final String GPU =
      """
      {"cdiVersion": "0.6.0", "kind": "vendor.com/gpu",
       "annotations": {"any": "thing"},
       "containerEdits": {
         "env": ["DRIVER=1"],
         "mounts": [{"hostPath": "/lib/x.so", "containerPath": "/lib/x.so", "options": ["ro"]}],
         "hooks": [{"hookName": "createContainer", "path": "/bin/hook", "args": ["hook", "a"],
                    "timeout": 5}]},
       "devices": [
         {"name": "0", "containerEdits": {"env": ["GPU=0"], "deviceNodes": [{"path": "/dev/gpu0"}]}},
         {"name": "all", "containerEdits": {"deviceNodes": [
           {"path": "/dev/gpu0", "hostPath": "/dev/other", "type": "c", "major": 1, "minor": 3,
            "permissions": "rw", "fileMode": 432, "uid": 5, "gid": 6}],
           "additionalGids": [44]}}]}
      """;

  @TempDir Path etc;
  @TempDir Path run;

  private CdiDevices devices() {
    return new CdiDevices(List.of(etc, run));
  }

  @Test
  void aFilesEditsComeOnceAndBeforeItsDevices() throws IOException {
    Files.writeString(etc.resolve("gpu.json"), GPU);
    CdiEdits e =
        devices().edits(List.of("vendor.com/gpu=0", "vendor.com/gpu=all", "vendor.com/gpu=0"));
    assertThat(e.env()).containsExactly("DRIVER=1", "GPU=0");
    assertThat(e.mounts()).hasSize(1);
    assertThat(e.mounts().getFirst().options()).containsExactly("ro", "rbind");
    assertThat(e.hooks().get("createContainer")).hasSize(1);
    assertThat(e.groups()).containsExactly(44L);
    assertThat(e.nodes()).extracting(CdiNode::hostPath).containsExactly("/dev/gpu0", "/dev/other");
    assertThat(e.nodes()).extracting(CdiNode::permissions).containsExactly("rwm", "rw");
    assertThat(e.nodes().get(1).fileMode()).hasValue(0660);
    assertThat(devices().edits(List.of())).isEqualTo(CdiEdits.NONE);
  }

  @Test
  void yamlIsReadAndTheLaterDirectoryWins() throws IOException {
    Files.writeString(etc.resolve("gpu.json"), GPU);
    Files.writeString(
        run.resolve("gpu.yaml"),
        """
        cdiVersion: "1.0.0"
        kind: vendor.com/gpu
        devices:
        - name: "0"
          containerEdits:
            env:
            - GPU=other
        """);
    assertThat(devices().edits(List.of("vendor.com/gpu=0")).env()).containsExactly("GPU=other");
    assertThat(devices().edits(List.of("vendor.com/gpu=all")).env()).containsExactly("DRIVER=1");
  }

  @Test
  void whatIsNotThereIsToldWithWhatIs() throws IOException {
    assertThatThrownBy(() -> devices().edits(List.of("vendor.com/gpu=7")))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("none at all");
    Files.writeString(etc.resolve("gpu.json"), GPU);
    Files.writeString(etc.resolve("broken.json"), "{");
    Files.writeString(etc.resolve(".hidden.json"), "{");
    assertThatThrownBy(() -> devices().edits(List.of("vendor.com/gpu=7")))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("vendor.com/gpu=all")
        .hasMessageContaining("broken.json")
        .hasMessageNotContaining("hidden");
    Files.writeString(etc.resolve("again.json"), GPU);
    assertThatThrownBy(() -> devices().edits(List.of("vendor.com/gpu=0")))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("two files");
  }

  @Test
  void whatIsNotUnderstoodIsNotUsed() {
    for (String[] change :
        new String[][] {
          {"\"0.6.0\"", "\"2.0.0\""},
          {"\"env\": [\"GPU=0\"]", "\"env\": [3]"},
          {"\"env\": [\"GPU=0\"]", "\"future\": 1"},
          {"\"createContainer\"", "\"whenever\""},
          {"\"/dev/gpu0\"", "\"gpu0\""},
          {"\"major\": 1", "\"major\": -1"},
          {"\"permissions\": \"rw\"", "\"permissions\": \"x\""},
          {"\"name\": \"all\"", "\"name\": \"0\""},
          {GPU, "[]"},
          {GPU, "\"text\""},
          {GPU, "a: &x [*x]"}
        }) {
      String text = GPU.replace(change[0], change[1]);
      assertThat(text).isNotEqualTo(GPU);
      assertThatThrownBy(() -> CdiFile.parse(text))
          .as(change[1])
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
