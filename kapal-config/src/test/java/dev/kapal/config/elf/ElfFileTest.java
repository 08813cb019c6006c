package dev.kapal.config.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.config.text.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

final class ElfFileTest {
  private static final Path SH = Path.of("/bin/sh");

  @Test
  void aProgramOfThisHostFitsIt() {
    ElfFile elf = ElfFile.read(SH);
    assertThat(elf.architecture()).isEqualTo(HostFit.here().architecture());
    Assumptions.assumeTrue(elf.libraries().contains("libc.so.6"), "needs a host with glibc");
    assertThat(elf.interpreter()).hasValueSatisfying(i -> assertThat(i).contains("ld-linux"));
    assertThat(elf.neededVersions().get("libc.so.6"))
        .isNotEmpty()
        .allMatch(v -> v.startsWith("GLIBC_"));
    assertThat(HostFit.here().glibcVersion())
        .hasValueSatisfying(v -> assertThat(v).startsWith("2."));
    assertThat(HostFit.here().obstacles(SH)).isEmpty();
    assertThat(
            new HostFit("x86_64", List.of("GLIBC_2.2"), _ -> true)
                .obstacles("/x", elf(List.of("GLIBC_2.2.5", "GLIBC_2.34"))))
        .singleElement()
        .isEqualTo(
            "/x needs GLIBC_2.2.5, GLIBC_2.34 and this host has glibc 2.2; install a static build,"
                + " one for this distribution's release, or a newer distribution");
  }

  private static ElfFile elf(List<String> versions) {
    return new ElfFile(
        62,
        64,
        true,
        Optional.of("/lib/ld.so"),
        List.of(),
        Map.of("libc.so.6", versions),
        List.of());
  }

  @Test
  void versionsAreComparedAsNumbers() {
    HostFit host =
        new HostFit("x86_64", List.of("GLIBC_2.9", "GLIBC_2.28", "GLIBC_PRIVATE"), _ -> true);
    assertThat(host.glibcVersion()).contains("2.28");
    assertThat(host.obstacles("/x", elf(List.of("GLIBC_2.9", "GLIBC_2.28")))).isEmpty();
    assertThat(host.obstacles("/x", elf(List.of("GLIBC_2.34"))))
        .singleElement()
        .asString()
        .contains("GLIBC_2.34", "2.28");
  }

  @Test
  void otherArchitecturesAndLoadersAreNamed() {
    assertThat(new HostFit("aarch64", List.of(), _ -> true).obstacles("/x", elf(List.of())))
        .singleElement()
        .asString()
        .contains("x86_64", "aarch64", "Exec format error");
    assertThat(
            new HostFit("x86_64", List.of("GLIBC_2.40"), _ -> false)
                .obstacles("/x", elf(List.of())))
        .singleElement()
        .asString()
        .contains("/lib/ld.so");
  }

  @Test
  void whatIsNoProgramIsRefused() {
    for (String text :
        List.of("", "#!", "#!/bin/sh\nexit 0\n exit 0 exit 0", "\u007fELF", "x".repeat(100))) {
      assertThatThrownBy(() -> ElfFile.read(text.getBytes(StandardCharsets.UTF_8), "f"))
          .isInstanceOf(ConfigException.NotElf.class);
    }
  }

  @Test
  void damagedFilesAreReadOrRefused() throws IOException {
    byte[] good = Files.readAllBytes(SH.toRealPath());
    Random random = new Random(7);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(40),
        () -> {
          for (int i = 0; i < 1500; i++) {
            byte[] bad =
                i % 3 == 0
                    ? java.util.Arrays.copyOf(good, random.nextInt(good.length))
                    : good.clone();
            int reach = i % 2 == 0 ? 1200 : bad.length;
            for (int j = 0; j < 12 && bad.length > 0; j++) {
              bad[random.nextInt(Math.min(reach, bad.length))] = (byte) random.nextInt(256);
            }
            if (bad.length > 6 && i % 4 != 0) {
              System.arraycopy(good, 0, bad, 0, 6);
            }
            try {
              new HostFit("x86_64", List.of("GLIBC_2.28"), _ -> true)
                  .obstacles("f", ElfFile.read(bad, "f"));
            } catch (ConfigException.NotElf e) {
              assertThat(e).hasMessageContaining("f ");
            }
          }
        });
  }
}
