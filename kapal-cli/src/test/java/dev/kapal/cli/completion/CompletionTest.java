package dev.kapal.cli.completion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.command.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletionTest {
  private static List<String> words(String... typed) {
    return Candidates.of(Commands.tree(), List.of(typed), kind -> List.of("one-" + kind, "two"))
        .stream()
        .map(Candidates.Candidate::word)
        .toList();
  }

  @Test
  void completesCommandsOptionsAndNames() {
    assertThat(words("vol")).containsExactly("volume");
    assertThat(words("")).contains("run", "ps").doesNotContain("__complete");
    assertThat(words("volume", "")).containsExactly("create", "inspect", "ls", "prune", "rm");
    assertThat(words("run", "--memory-s")).containsExactly("--memory-swap", "--memory-swappiness");
    assertThat(words("run", "--gp")).isEmpty();
    assertThat(words("stop", "o")).containsExactly("one-RUNNING");
    assertThat(words("run", "--rm", "-it", "")).containsExactly("one-IMAGE", "two");
    assertThat(words("run", "--name", "")).isEmpty();
    assertThat(words("run", "--pull", "al")).containsExactly("always");
    assertThat(words("run", "--pull=al")).containsExactly("--pull=always");
    assertThat(words("save", "--platform", "linux/arm6")).containsExactly("linux/arm64");
    assertThat(words("rmi", "--platform=linux/s3")).containsExactly("--platform=linux/s390x");
    assertThat(words("run", "--network", "tw")).containsExactly("two");
    assertThat(words("run", "-v", "")).containsExactly(":file");
    assertThat(words("run", "busybox", "--rm")).isEmpty();
    assertThat(words("bogus", "")).isEmpty();
  }

  @Test
  void shellsAcceptTheScripts(@TempDir Path folder) throws Exception {
    for (String shell : List.of("bash", "zsh", "fish")) {
      Path script = folder.resolve("kapal." + shell);
      Files.writeString(script, Scripts.of(shell));
      if (there(shell)) {
        assertThat(run(shell, "-n", script.toString())).as(shell).isEmpty();
      }
    }
  }

  @Test
  void bashAsksKapal(@TempDir Path folder) throws Exception {
    Assumptions.assumeTrue(there("bash"), "needs bash");
    Path fake = folder.resolve("kapal");
    Files.writeString(
        fake,
        "#!/bin/sh\nshift 2\nfor w in \"$@\"; do printf '<%s>' \"$w\" >> "
            + folder
            + "/asked; done\nprintf -- '--pull=always\\thelp\\nname\\n'\n");
    assertThat(fake.toFile().setExecutable(true)).isTrue();
    Path script = folder.resolve("script");
    Files.writeString(script, Scripts.of("bash"));
    String drive =
        """
        PATH=%s:$PATH; source %s
        COMP_WORDS=(kapal run --pull = al); COMP_CWORD=4; COMP_LINE='kapal run --pull=al'; COMP_POINT=${#COMP_LINE}
        _kapal; echo "${COMPREPLY[*]}"
        """
            .formatted(folder, script);
    assertThat(run("bash", "-c", drive)).isEqualTo("always name\n");
    assertThat(Files.readString(folder.resolve("asked"))).isEqualTo("<run><--pull=al>");
  }

  private static boolean there(String shell) throws Exception {
    return new ProcessBuilder("sh", "-c", "command -v " + shell)
            .redirectErrorStream(true)
            .start()
            .waitFor()
        == 0;
  }

  private static String run(String... words) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return out;
  }
}
