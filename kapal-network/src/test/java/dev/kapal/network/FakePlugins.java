package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Plugins that are shell scripts: they note each call and do what a file tells them. */
final class FakePlugins {
  private static final String SCRIPT =
      """
      #!/bin/sh
      me=${0##*/}
      dir=${0%/*}
      input=$(cat)
      if [ "$CNI_COMMAND" = VERSION ]; then
        echo '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}'
        exit 0
      fi
      echo "$CNI_COMMAND $me $CNI_CONTAINERID $CNI_IFNAME" >> "$dir/calls"
      printf '%s\\n' "$input" > "$dir/input.$CNI_COMMAND.$me"
      mode=$(cat "$dir/mode.$CNI_COMMAND.$me" 2>/dev/null)
      case "$mode" in
        refuse) echo '{"cniVersion":"1.0.0","code":11,"msg":"the lake is dry","details":"try tomorrow"}'; exit 1;;
        text) echo "panic: something broke" >&2; exit 2;;
        garbage) echo '{"ips": [';;
        array) echo '[1]';;
        badaddress) echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.999/24"}]}';;
        nothing) ;;
        flood) head -c 3000000 /dev/zero | tr '\\0' ' ';;
        hang) echo $$ > "$dir/hanging"; sleep 1000000 & echo $! > "$dir/hanging.child"; wait;;
        signal) kill -9 $$;;
        *) [ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"'$CNI_NETNS'"}],"ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1","interface":0}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{"nameservers":["10.1.2.1"]}}';;
      esac
      exit 0
      """;

  private final Path directory;

  FakePlugins(Path directory, String... names) throws IOException {
    this.directory = directory;
    Files.createDirectories(directory);
    for (String name : names) {
      Path file = directory.resolve(name);
      Files.writeString(file, SCRIPT);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  void mode(String verb, String plugin, String mode) throws IOException {
    Files.writeString(directory.resolve("mode." + verb + "." + plugin), mode);
  }

  List<String> calls() throws IOException {
    Path calls = directory.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  void forgetCalls() throws IOException {
    Files.deleteIfExists(directory.resolve("calls"));
  }

  String input(String verb, String plugin) throws IOException {
    return Files.readString(directory.resolve("input." + verb + "." + plugin));
  }

  Path directory() {
    return directory;
  }
}
