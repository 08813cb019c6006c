package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Everything once more with the system calls of Linux 4.19 alone. */
class OldKernelTest {
  @Test
  void theCoreWorksOnLinux419() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m"));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), OldKernel.class.getName()));
    Stream.of(
            DescriptorsTest.class,
            OpenBeneathTest.class,
            SocketsTest.class,
            ProcessesTest.class,
            MemfdsTest.class,
            TerminalsTest.class,
            PollerTest.class,
            MountsTest.class,
            CgroupsTest.class,
            KernelFeaturesTest.class)
        .map(Class::getName)
        .forEach(command::add);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output;
    try (InputStream in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output).containsPattern("old kernel: [4-9]\\d passed, 0 failed");
  }
}
