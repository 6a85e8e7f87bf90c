// Classify a binary PPM image (P6) with the OpenVINO model of this package.
//
//     make && ./predict ../models/openvino-fp32/model.xml ../labels.txt photo.ppm
//
// Any tool writes PPM, for example `python -c "from PIL import Image; Image.open('a.png').convert('RGB').save('a.ppm')"`.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <openvino/openvino.hpp>
#include <stdexcept>
#include <string>
#include <vector>

struct Picture {
    size_t width = 0, height = 0;
    std::vector<uint8_t> rgb;  // height * width * 3
};

static size_t next_number(std::istream& file) {
    while (std::isspace(file.peek()) || file.peek() == '#') {
        if (file.peek() == '#') {
            std::string comment;
            std::getline(file, comment);
        } else {
            file.get();
        }
    }
    size_t number = 0;
    if (!(file >> number)) throw std::runtime_error("the header of the PPM file is broken");
    return number;
}

static Picture read_ppm(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char magic[2] = {};
    if (!file.read(magic, 2) || magic[0] != 'P' || magic[1] != '6')
        throw std::runtime_error(path + " is not a binary PPM (P6) file");
    Picture picture;
    picture.width = next_number(file);
    picture.height = next_number(file);
    if (next_number(file) != 255) throw std::runtime_error(path + ": only 8 bits a channel are read");
    file.get();
    const size_t limit = size_t{1} << 28;
    if (picture.width == 0 || picture.height == 0 || picture.width > limit / picture.height / 3)
        throw std::runtime_error(path + ": unusable size");
    picture.rgb.resize(picture.width * picture.height * 3);
    if (!file.read(reinterpret_cast<char*>(picture.rgb.data()), static_cast<std::streamsize>(picture.rgb.size())))
        throw std::runtime_error(path + " was cut short");
    return picture;
}

int main(int argc, char** argv) try {
    if (argc != 4) {
        std::cerr << "usage: predict MODEL.xml LABELS.txt IMAGE.ppm\n";
        return 2;
    }
    std::vector<std::string> labels;
    std::ifstream label_file(argv[2]);
    for (std::string line; std::getline(label_file, line);) labels.push_back(line);
    Picture picture = read_ppm(argv[3]);

    ov::Core core;
    auto model = core.read_model(argv[1]);
    // The same stretching as in predict.py, done inside the model.
    ov::preprocess::PrePostProcessor prepare(model);
    prepare.input().tensor().set_element_type(ov::element::u8).set_layout("NHWC").set_spatial_static_shape(
        picture.height, picture.width);
    prepare.input().preprocess().resize(ov::preprocess::ResizeAlgorithm::RESIZE_BILINEAR_PILLOW);
    prepare.input().model().set_layout("NHWC");
    auto compiled = core.compile_model(prepare.build(), "CPU", ov::hint::inference_precision(ov::element::f32));

    auto request = compiled.create_infer_request();
    request.set_input_tensor(
        ov::Tensor(ov::element::u8, {1, picture.height, picture.width, 3}, picture.rgb.data()));
    request.infer();
    const ov::Tensor scores = request.get_output_tensor();
    const float* begin = scores.data<float>();
    const size_t best = std::max_element(begin, begin + scores.get_size()) - begin;
    std::printf("%s %.6f\n", best < labels.size() ? labels[best].c_str() : "?", begin[best]);
    return 0;
} catch (const std::exception& error) {
    std::cerr << "predict: " << error.what() << "\n";
    return 1;
}
