// Response surfaces (Box and Wilson 1951): what a noisy number is around a point, as a quadratic without cross terms,
// fitted to all that was measured.
#pragma once

#include <span>
#include <vector>

namespace vbq {

// height + sum of slope[k] x[k] + curvature[k] x[k]^2.
struct Surface {
  double height = 0;
  std::vector<double> slope, curvature;

  double at(std::span<const double> x) const;
};

// What is known of a surface before anything is measured: slopes are about 0 and curvatures about usual_curvature, and
// so many measurements at unit distance are as good as that knowledge (ridge regression; Hoerl and Kennard 1970).
struct SurfacePrior {
  double slopes = 1, curvatures = 1;  // measurements, > 0
  double usual_curvature = 0;
};

// points: [measurements][n], seen from the point that the surface is around; heights: [measurements], at least one;
// weights: [measurements], how many measurements each one counts for, > 0, or empty: one each.
Surface fit_surface(std::span<const std::vector<double>> points, std::span<const double> heights,
                    std::span<const double> weights, const SurfacePrior& prior);

// Where `harm` is least, within `reach` of 0 in each coordinate, of what `size` has not above `most`; where there is no
// such point, about the one of the least size. As many numbers as there are slopes.
std::vector<double> least_harm(const Surface& harm, const Surface& size, double most, double reach);

}  // namespace vbq
