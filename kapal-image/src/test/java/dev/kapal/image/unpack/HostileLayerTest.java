package dev.kapal.image.unpack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.ImageException;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers that attack the host, or each other, each by its name. */
class HostileLayerTest extends UnpackTest {
  @FunctionalInterface
  private interface Script {
    void to(TarWriter tar) throws IOException;
  }

  private static byte[] tar(Script script) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    script.to(tar);
    tar.finish();
    return out.toByteArray();
  }

  private static void put(TarWriter tar, String name, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    tar.file(TarEntry.file(name, bytes.length, 0644), bytes);
  }

  private void refused(byte[] layer, String name) throws Exception {
    String before = run(root, "find", ".", "-printf", "%p %i\\n");
    assertThatThrownBy(() -> unpack("refused", layer))
        .isInstanceOf(ImageException.Refused.class)
        .hasMessageContaining(name);
    run(root, "rm", "-rf", "refused");
    assertThat(run(root, "find", ".", "-printf", "%p %i\\n")).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../evil", "/../evil", "a/../../evil", "a/..", "..", "./../evil", "a/b/../c"})
  void dotDot(String name) throws Exception {
    refused(tar(t -> put(t, name, "x")), name);
  }

  @Test
  void writeThroughAbsoluteLink() throws Exception {
    Path outside = Files.createDirectory(root.resolve("outside"));
    byte[] layer =
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", outside.toString()));
          put(t, "link/evil", "x");
        });
    unpack("fs", layer);
    assertThat(outside).isEmptyDirectory();
    // Inside the root, as the container itself would see it.
    assertThat(root.resolve("fs" + outside + "/evil")).hasContent("x");
  }

  @Test
  void writeThroughRelativeLink() throws Exception {
    Files.createDirectory(root.resolve("outside"));
    byte[] layer =
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", "../../../../../../outside"));
          put(t, "link/evil", "x");
        });
    unpack("fs", layer);
    assertThat(root.resolve("outside")).isEmptyDirectory();
    assertThat(root.resolve("fs/outside/evil")).hasContent("x");
  }

  @Test
  void overwriteThroughLinkReplacesTheLink() throws Exception {
    Path victim = Files.writeString(root.resolve("victim"), "good");
    byte[] layer =
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", victim.toString()));
          put(t, "link", "evil");
        });
    unpack("fs", layer);
    assertThat(victim).hasContent("good");
    assertThat(root.resolve("fs/link")).hasContent("evil");
  }

  @Test
  void hardLinkOutside() throws Exception {
    Path victim = Files.writeString(root.resolve("victim"), "good");
    refused(tar(t -> t.begin(TarEntry.link(TarType.HARD_LINK, "hard", "../victim"))), "hard");
    refused(tar(t -> t.begin(TarEntry.link(TarType.HARD_LINK, "hard", victim.toString()))), "hard");
    refused(
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", root.toString()));
          t.begin(TarEntry.link(TarType.HARD_LINK, "hard", "link/victim"));
        }),
        "hard");
    assertThat(Files.getAttribute(victim, "unix:nlink")).isEqualTo(1);
  }

  @Test
  void hardLinkToLinkLinksTheLink() throws Exception {
    Path victim = Files.writeString(root.resolve("victim"), "good");
    unpack(
        "fs",
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", victim.toString()));
          t.begin(TarEntry.link(TarType.HARD_LINK, "hard", "link"));
          put(t, "hard", "evil");
        }));
    assertThat(victim).hasContent("good");
  }

  @ParameterizedTest
  @ValueSource(strings = {".wh...", ".wh..", ".wh.", "a/.wh..."})
  void whiteoutOfOutside(String name) throws Exception {
    refused(tar(t -> put(t, name, "")), name);
  }

  @Test
  void whiteoutBelowLinkStaysInside() throws Exception {
    Path outside = Files.createDirectory(root.resolve("outside"));
    Files.writeString(outside.resolve("file"), "good");
    unpack(
        "fs",
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "link", outside.toString()));
          put(t, "link/.wh.file", "");
          put(t, "link/.wh..wh..opq", "");
        }));
    assertThat(outside.resolve("file")).hasContent("good");
  }

  @Test
  void linksInACircle() throws Exception {
    refused(
        tar(t -> {
          t.begin(TarEntry.link(TarType.SYMLINK, "a", "b"));
          t.begin(TarEntry.link(TarType.SYMLINK, "b", "a"));
          put(t, "a/evil", "x");
        }),
        "a");
  }

  @Test
  void deletionAsADevice() throws Exception {
    TarEntry device =
        new TarEntry(
            TarType.CHARACTER, "gone", "", 0, 0, 0, 0, 0, 0, 0, 0, Map.of(), Optional.empty());
    refused(tar(t -> t.begin(device)), "gone");
  }

  @Test
  void rootReplaced() throws Exception {
    refused(tar(t -> put(t, "./", "x")), "./");
    refused(tar(t -> t.begin(TarEntry.link(TarType.SYMLINK, "/", "/etc"))), "/");
  }

  @Test
  void overlongNames() throws Exception {
    refused(tar(t -> put(t, "n".repeat(256), "x")), "nnn");
    refused(tar(t -> put(t, "p/".repeat(3000) + "x", "x")), "p/p/");
    refused(tar(t -> t.begin(TarEntry.link(TarType.SYMLINK, "link", "t".repeat(5000)))), "link");
  }

  @Test
  void overlaysOwnAttributesAreNotTaken() throws Exception {
    TarEntry entry =
        new TarEntry(
            TarType.DIRECTORY,
            "dir/",
            "",
            0755,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            Map.of(
                "trusted.overlay.redirect",
                "/etc".getBytes(StandardCharsets.UTF_8),
                "trusted.kept",
                new byte[] {1}),
            Optional.empty());
    unpack("fs", tar(t -> t.begin(entry)));
    try (var directory = open(root.resolve("fs/dir"))) {
      assertThat(calls.listxattr(directory)).containsExactly("trusted.kept");
    }
  }

  private static byte[] header(String name, char type, String size) {
    byte[] block = new byte[512];
    put(block, 0, name);
    put(block, 100, "0000644\0");
    put(block, 108, "0000000\0");
    put(block, 116, "0000000\0");
    put(block, 124, size);
    put(block, 136, "00000000000\0");
    block[156] = (byte) type;
    put(block, 257, "ustar\00000");
    checksum(block);
    return block;
  }

  private static void put(byte[] block, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }

  private static void checksum(byte[] block) {
    put(block, 148, "        ");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, String.format("%06o\0 ", sum));
  }

  private static byte[] with(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
      out.writeBytes(new byte[-part.length & 511]);
    }
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  @Test
  void negativeAndHugeSizes() throws Exception {
    refused(
        with(
            header(
                "minus",
                '0',
                "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00f0")),
        "minus");
    refused(
        with(header("huge", '0', "\u0080\0\0\0\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff")),
        "huge");
    refused(
        with(
            header(
                "over",
                '0',
                "\u0080\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff")),
        "size");
    refused(with(header("cut", '0', "00000010000\0")), "ends in the middle");
  }

  @Test
  void hugeExtendedHeaders() throws Exception {
    refused(with(header("pax", 'x', "77777777777\0")), "too long");
    refused(with(header("global", 'g', "77777777777\0")), "too long");
    refused(with(header("long", 'L', "77777777777\0")), "too long");
    refused(with(header("long", 'K', "00000040000\0")), "too long");
  }

  private static byte[] pax(String... records) {
    StringBuilder all = new StringBuilder();
    for (String record : records) {
      int length = record.length() + 3;
      length += Integer.toString(length + 2).length() - 1;
      all.append(length).append(' ').append(record).append('\n');
    }
    byte[] bytes = all.toString().getBytes(StandardCharsets.ISO_8859_1);
    return with2(header("pax", 'x', String.format("%011o\0", bytes.length)), bytes);
  }

  private static byte[] with2(byte[] header, byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(header);
    out.writeBytes(data);
    out.writeBytes(new byte[-data.length & 511]);
    return out.toByteArray();
  }

  @Test
  void nulInAName() throws Exception {
    refused(with(pax("path=a\0b"), header("x", '0', "00000000000\0")), "NUL");
    refused(with(pax("linkpath=a\0b"), header("x", '2', "00000000000\0")), "NUL");
  }

  @Test
  void idsOutOfRange() throws Exception {
    refused(with(pax("uid=4294967295"), header("ids", '0', "00000000000\0")), "ids");
    refused(with(pax("gid=99999999999"), header("ids", '0', "00000000000\0")), "ids");
    refused(with(pax("uid=-1"), header("ids", '0', "00000000000\0")), "uid");
    unpack("fs", with(pax("uid=4294967294"), header("high", '0', "00000000000\0")));
    assertThat(calls.fstatat(open(root.resolve("fs")), "high", 0).uid()).isEqualTo(0xffff_fffeL);
  }

  @Test
  void malformedRecords() throws Exception {
    for (String record :
        List.of(
            "path",
            "=x",
            "mtime=1e999999999",
            "mtime=x",
            "size=-5",
            "size=9223372036854775808",
            "GNU.sparse.map=1,2,3",
            "LIBARCHIVE.xattr.a=***",
            "GNU.sparse.numbytes=1")) {
      String extra = record.startsWith("GNU.sparse.map") ? "GNU.sparse.size=9" : "comment=x";
      byte[] layer = with(pax(record, extra), header("x", '0', "00000000000\0"));
      assertThatThrownBy(() -> unpack("bad", layer))
          .as(record)
          .isInstanceOf(ImageException.Refused.class);
      run(root, "rm", "-rf", "bad");
    }
  }

  @Test
  void tooManyEntriesAndTooManyBytes() throws Exception {
    byte[] many =
        tar(t -> {
          for (int i = 0; i < 50; i++) {
            put(t, "f" + i, "x");
          }
        });
    assertThatThrownBy(() -> unpack("a", new ByteArrayInputStream(many), LIMITS.withEntries(49)))
        .isInstanceOf(ImageException.Refused.class)
        .hasMessageContaining("49 entries");
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      gzip.write(many);
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 64; i++) {
        gzip.write(zeros);
      }
    }
    assertThatThrownBy(() ->
            unpack("b", new ByteArrayInputStream(bomb.toByteArray()), LIMITS.withBytes(10 << 20)))
        .isInstanceOf(ImageException.Refused.class)
        .hasMessageContaining("longer than");
  }

  @Test
  void unknownKindsAndDamage() throws Exception {
    refused(with(header("multi", 'M', "00000000000\0")), "multi");
    byte[] layer = tar(t -> put(t, "a", "x"));
    layer[10] ^= 1;
    refused(layer, "checksum");
    refused("BZh91AY&SY".getBytes(StandardCharsets.US_ASCII), "bzip2");
    ByteArrayOutputStream cut = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(cut)) {
      gzip.write(tar(t -> put(t, "a", "x".repeat(5000))));
    }
    byte[] half = java.util.Arrays.copyOf(cut.toByteArray(), cut.size() - 20);
    refused(half, "decompress");
  }

  @Test
  void theLastOfSeveralCounts() throws Exception {
    unpack(
        "fs",
        tar(t -> {
          put(t, "a", "first");
          put(t, "a", "second");
          put(t, "dir/x", "x");
          put(t, "dir", "a file now");
          put(t, "file", "x");
          t.begin(TarEntry.directory("file/", 0700));
          put(t, "file/y", "y");
          t.begin(TarEntry.link(TarType.SYMLINK, "l", "file"));
          t.begin(TarEntry.directory("l/", 0711));
          put(t, "l/z", "z");
        }));
    Path fs = root.resolve("fs");
    assertThat(fs.resolve("a")).hasContent("second");
    assertThat(fs.resolve("dir")).hasContent("a file now");
    assertThat(fs.resolve("file/y")).hasContent("y");
    assertThat(fs.resolve("file/z")).doesNotExist();
    assertThat(fs.resolve("l/z")).hasContent("z");
    assertThat(Files.isSymbolicLink(fs.resolve("l"))).isFalse();
  }
}
