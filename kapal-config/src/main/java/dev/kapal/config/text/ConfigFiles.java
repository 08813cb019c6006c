package dev.kapal.config.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Reading configuration files within limits, and replacing them so that a crash leaves one whole.
 */
public final class ConfigFiles {
  /** Largest file that is read, in bytes. */
  public static final int LARGEST = 1 << 20;

  /** Most files of one directory. */
  public static final int MOST = 256;

  private ConfigFiles() {}

  /** Why a file has no text. */
  public sealed interface Text {
    /** What it holds. */
    record Content(String text) implements Text {}

    /** There is none. */
    record Missing() implements Text {}

    /** It is there and cannot be used. */
    record Unusable(Problem problem) implements Text {}
  }

  /** Reads a file in UTF-8. */
  public static Text read(Path file) {
    String name = file.toString();
    byte[] bytes;
    try {
      if (!Files.isRegularFile(file) && Files.exists(file)) {
        return unusable(Position.of(name), "this is not a regular file");
      }
      try (InputStream in = Files.newInputStream(file)) {
        bytes = in.readNBytes(LARGEST + 1);
      }
    } catch (NoSuchFileException _) {
      return new Text.Missing();
    } catch (AccessDeniedException _) {
      return unusable(Position.of(name), "it cannot be read: permission denied; are you root?");
    } catch (IOException e) {
      return unusable(Position.of(name), "it cannot be read: " + e.getMessage());
    }
    if (bytes.length > LARGEST) {
      return unusable(Position.of(name), "it is larger than " + (LARGEST >> 10) + " KiB");
    }
    return decode(name, bytes);
  }

  /** The text of bytes that are UTF-8. */
  static Text decode(String name, byte[] bytes) {
    try {
      return new Text.Content(
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString());
    } catch (CharacterCodingException _) {
      return unusable(place(name, bytes), "there is a byte that is no UTF-8; save it as UTF-8");
    }
  }

  private static Position place(String name, byte[] bytes) {
    var decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    java.nio.CharBuffer out = java.nio.CharBuffer.allocate(bytes.length + 1);
    decoder.decode(in, out, true);
    int line = 1;
    int column = 1;
    for (char c : out.flip().toString().toCharArray()) {
      line += c == '\n' ? 1 : 0;
      column = c == '\n' ? 1 : column + 1;
    }
    return new Position(name, line, column);
  }

  private static Text unusable(Position at, String message) {
    return new Text.Unusable(Problem.error(at, "", message));
  }

  /**
   * The files of a directory that match a glob, sorted by name; none if there is no directory.
   * Hidden files (editors leave them) do not count.
   *
   * @throws ConfigException.FileFailed when the directory cannot be read, or holds more than {@link
   *     #MOST} such files
   */
  public static List<Path> matching(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, glob)) {
      for (Path file : all) {
        if (!name(file).startsWith(".")) {
          found.add(file);
        }
        if (found.size() > MOST) {
          throw new ConfigException.FileFailed(
              directory + " holds more than " + MOST + " files \"" + glob + "\"; remove some");
        }
      }
    } catch (java.nio.file.NotDirectoryException | NoSuchFileException _) {
      return List.of();
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      throw new ConfigException.FileFailed(
          directory + " cannot be listed: " + e.getMessage() + "; check its permissions", e);
    }
    Collections.sort(found);
    return List.copyOf(found);
  }

  /** The last part of a path. */
  public static String name(Path file) {
    return Optional.ofNullable(file.getFileName()).map(Path::toString).orElse("");
  }

  /**
   * Replaces a file, or makes it (mode 0644) and its directory. Whatever happens, the file has its
   * old content or the new one.
   *
   * @throws ConfigException.FileFailed when that cannot be done; nothing is changed then
   */
  public static void write(Path file, String text) {
    Path directory = Optional.ofNullable(file.getParent()).orElse(Path.of("."));
    Path temporary = directory.resolve("." + name(file) + "." + ProcessHandle.current().pid());
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
      Files.deleteIfExists(temporary);
      try (FileChannel out =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
        folder.force(true);
      }
    } catch (IOException e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw new ConfigException.FileFailed(
          file
              + " could not be written: "
              + (e instanceof AccessDeniedException ? "permission denied" : e.getMessage())
              + "; are you root, and is there room?",
          e);
    }
  }
}
