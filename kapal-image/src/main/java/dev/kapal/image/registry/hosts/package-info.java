/** Where a registry is: hosts.toml, Docker's certs.d, mirrors, insecure registries. */
@NullMarked
package dev.kapal.image.registry.hosts;

import org.jspecify.annotations.NullMarked;
