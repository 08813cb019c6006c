package dev.kapal.image.unpack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.image.ImageException;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What GNU tar makes of random trees, unpacked by Kapal and by GNU tar. */
class LayerLikeTarTest extends UnpackTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=gnu",
        "--format=gnu --sparse",
        "--format=ustar",
        "--format=pax --xattrs --xattrs-include=*",
        "--format=pax --sparse --sparse-version=0.0",
        "--format=pax --sparse --sparse-version=0.1",
        "--format=pax --sparse --sparse-version=1.0",
        "--format=pax --zstd",
        "--format=gnu --gzip"
      })
  void sameTree(String options) throws Exception {
    for (int seed = 1; seed <= 2; seed++) {
      String name = "s" + seed;
      Path tree = Files.createDirectory(root.resolve(name + "-tree"));
      boolean small = options.contains("ustar");
      grow(tree, new Random(seed), small);
      Path archive = root.resolve(name + ".tar");
      List<String> command = new ArrayList<>(List.of("tar", "--numeric-owner"));
      command.addAll(List.of(options.split(" ")));
      command.addAll(List.of("-cf", archive.toString(), "-C", tree.toString(), "."));
      run(root, command.toArray(String[]::new));
      Path expected = Files.createDirectory(root.resolve(name + "-gnu"));
      run(
          expected,
          "tar",
          "--numeric-owner",
          "--same-owner",
          "-p",
          "--xattrs",
          "--xattrs-include=*",
          "-xf",
          archive.toString());
      unpack(name + "-kapal", Files.newInputStream(archive), LIMITS);
      assertThat(fingerprint(root.resolve(name + "-kapal")))
          .as(options + " seed " + seed)
          .isEqualTo(fingerprint(expected));
      if (options.contains("sparse")) {
        // Holes stay holes.
        String used = run(root, "du", "-s", "--block-size=1", name + "-kapal").split("\t")[0];
        assertThat(Long.parseLong(used)).isLessThan(4_000_000);
      }
    }
  }

  private static void grow(Path tree, Random random, boolean small) throws Exception {
    StringBuilder script = new StringBuilder("set -e; umask 0\n");
    List<String> directories = new ArrayList<>(List.of("."));
    List<String> files = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String in = directories.get(random.nextInt(directories.size()));
      String name = in + "/" + name(random, i, small);
      String quoted = "'" + name + "'";
      int id = random.nextInt(small ? 60_000 : 2_000_000_000);
      switch (random.nextInt(small ? 9 : 11)) {
        case 0, 1 -> {
          script.append("mkdir ").append(quoted).append('\n');
          directories.add(name);
        }
        case 2 ->
            script.append("ln -s '../").append(i).append("/x y' ").append(quoted).append('\n');
        case 3 -> script.append("mkfifo ").append(quoted).append('\n');
        case 4 ->
            script
                .append("mknod ")
                .append(quoted)
                .append(" c ")
                .append(random.nextInt(200) + 1)
                .append(' ')
                .append(random.nextInt(250))
                .append('\n');
        case 5 -> {
          if (!files.isEmpty()) {
            String target = files.get(random.nextInt(files.size()));
            script.append("ln '").append(target).append("' ").append(quoted).append('\n');
          }
          continue;
        }
        case 9 -> {
          script
              .append("truncate -s ")
              .append(3_000_000 + random.nextInt(9_000_000))
              .append(' ')
              .append(quoted)
              .append("; echo data | dd of=")
              .append(quoted)
              .append(" bs=4096 seek=")
              .append(random.nextInt(700))
              .append(" conv=notrunc status=none\n");
          files.add(name);
        }
        default -> {
          script
              .append("head -c ")
              .append(random.nextInt(random.nextBoolean() ? 700 : 300_000))
              .append(" /dev/urandom > ")
              .append(quoted)
              .append('\n');
          files.add(name);
        }
      }
      script
          .append("chown -h ")
          .append(id)
          .append(':')
          .append(id / 2)
          .append(' ')
          .append(quoted)
          .append('\n');
      if (random.nextInt(3) == 0 && files.contains(name)) {
        script
            .append("chmod ")
            .append(Integer.toOctalString(random.nextInt(4096)))
            .append(' ')
            .append(quoted)
            .append('\n');
      }
      script
          .append("touch -h -d @")
          .append(random.nextInt(1_700_000_000))
          .append(small ? "" : "." + (100_000_000 + random.nextInt(899_999_999)))
          .append(' ')
          .append(quoted)
          .append('\n');
    }
    Path file = Files.writeString(tree.resolveSibling("grow.sh"), script);
    run(tree, "sh", file.toString());
  }

  private static String name(Random random, int i, boolean small) {
    return switch (random.nextInt(5)) {
      case 0 -> "file with space " + i;
      case 1 -> small ? "f" + i : "\u00e9t\u00e9-\u6f22\u5b57-" + i;
      case 2 -> small ? "g" + i : "long-".repeat(30 + random.nextInt(15)) + i;
      default -> "n" + i;
    };
  }

  @Test
  void mutatedArchivesNeverEscapeOrHang() throws Exception {
    Path tree = Files.createDirectory(root.resolve("tree"));
    grow(tree, new Random(5), false);
    run(root, "sh", "-c", "find tree -size +40k -delete");
    for (String options : List.of("--format=pax --sparse", "--format=gnu", "--format=gnu --gzip")) {
      run(root, "sh", "-c", "tar " + options + " -cf a.tar -C tree .");
      byte[] good = Files.readAllBytes(root.resolve("a.tar"));
      Path sentinel = Files.writeString(root.resolve("sentinel"), "untouched");
      Random random = new Random(options.hashCode());
      int refused = 0;
      for (int i = 0; i < 60; i++) {
        byte[] bad = good.clone();
        for (int n = 1 + random.nextInt(8); n > 0; n--) {
          int block = random.nextInt(bad.length / 512) * 512;
          int at = Math.min(bad.length - 1, block + random.nextInt(512));
          bad[at] =
              (byte)
                  (random.nextInt(4) == 0 ? random.nextInt(256) : bad[at] ^ 1 << random.nextInt(8));
        }
        if (!options.contains("gzip")) {
          fixChecksums(bad);
        }
        if (random.nextInt(10) == 0) {
          bad = java.util.Arrays.copyOf(bad, random.nextInt(bad.length));
        }
        try {
          unpack("m", new ByteArrayInputStream(bad), LIMITS.withBytes(64 << 20).withEntries(5000));
        } catch (ImageException.Refused | ImageException.Failed e) {
          assertThat(e.getMessage()).isNotBlank();
          refused++;
        }
        run(root, "rm", "-rf", "m");
      }
      assertThat(refused).isBetween(1, 60);
      assertThat(sentinel).hasContent("untouched");
      assertThat(run(root, "ls").lines()).containsExactly("a.tar", "grow.sh", "sentinel", "tree");
    }
  }

  /** Makes damaged headers pass the checksum, so that what is behind it is tried. */
  private static void fixChecksums(byte[] tar) {
    for (int at = 0; at + 512 <= tar.length; at += 512) {
      if (tar[at + 257] == 'u' && tar[at + 258] == 's' && tar[at + 259] == 't') {
        java.util.Arrays.fill(tar, at + 148, at + 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
          sum += tar[at + i] & 0xff;
        }
        byte[] text =
            String.format("%06o\0 ", sum).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, tar, at + 148, 8);
      }
    }
  }
}
