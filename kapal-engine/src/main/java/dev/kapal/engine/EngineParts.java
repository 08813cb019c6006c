package dev.kapal.engine;

import dev.kapal.image.ImageUsers;
import dev.kapal.image.Images;
import dev.kapal.linux.Linux;
import dev.kapal.network.Networks;
import dev.kapal.runtime.Runtime;
import java.util.List;
import java.util.function.Function;

/**
 * What an engine is made of; it closes them when it is closed.
 *
 * @param images opens the image store, telling it who uses images
 * @param runtimes by whatever names they have
 * @param networks the networks
 * @param linux the host
 */
public record EngineParts(
    Function<ImageUsers, Images> images, List<Runtime> runtimes, Networks networks, Linux linux) {
  public EngineParts {
    runtimes = List.copyOf(runtimes);
  }
}
