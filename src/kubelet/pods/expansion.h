// $(NAME) in commands, arguments, values of variables and subPathExpr. $$(NAME) is $(NAME) itself; an unknown name
// stays as it is written. Source: the Kubernetes API documentation of Container.command and EnvVar.value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kubelet {

using Variables = std::function<std::optional<std::string>(std::string_view name)>;

std::string expand(std::string_view text, const Variables& variables);
// Nothing if a name is unknown, as subPathExpr wants it.
std::optional<std::string> expand_strictly(std::string_view text, const Variables& variables);

}  // namespace kubelet
