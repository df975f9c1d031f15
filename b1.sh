. ./b.sh
b 'conv: { channels: 4, kernel: 3 }' 2 3
b 'conv: { channels: 4, kernel: 3 }' 2 3 2
b 'conv: { channels: 4, kernel: 3 }' 2 3 2 2
b 'conv: { channels: 4, kernel: 3 }' 2 3 2 2 2
b 'conv: { channels: 4, kernel: 3 }' 2 3 8 8 8 8
b 'conv: { channels: 4, kernel: [3,3] }' 2 3 8
b 'conv: { channels: 4, kernel: [3] }' 2 3 8 8
b 'conv: { channels: 4, kernel: [3,0] }' 2 3 8 8
b 'conv: { channels: 4, kernel: 0 }' 2 3 8 8
b 'conv: { channels: 4, kernel: -1 }' 2 3 8 8
b 'conv: { channels: 4, kernel: 2.5 }' 2 3 8 8
b 'conv: { channels: 4, kernel: nan }' 2 3 8 8
b 'conv: { channels: 4, kernel: 3, groups: 2 }' 2 3 8 8
b 'conv: { channels: 3, kernel: 3, groups: 2 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 3, same: true, padding: 1 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 4, same: true }' 2 4 8 8
b 'conv: { channels: 4, kernel: 4, same: true, stride: 3 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 1, same: true, stride: 3 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 1, same: true, stride: 16 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 4, same: true, stride: 3, dilation: 3 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 4, same: true, stride: 2, dilation: 4, padding_mode: reflect }' 2 4 8 8
b 'conv: { channels: 4, kernel: 9, same: true, dilation: 4, padding_mode: reflect }' 2 4 8 8
b 'conv: { channels: 4, kernel: 9, same: true, dilation: 4, padding_mode: replicate }' 2 4 8 8
b 'conv: { channels: 4, kernel: 1024, dilation: 1024, padding: 1024 }' 2 4 8 8
b 'conv: { channels: 4, kernel: 1024, dilation: 1024, same: true }' 1 1 2 2
b 'conv: { channels: 4, kernel: 1024, dilation: 1024, same: true }' 1 1 8
b 'conv: { channels: 4, kernel: 3, padding: 8, padding_mode: reflect }' 2 4 8 8
b 'conv: { channels: 4, kernel: 3, padding: 7, padding_mode: reflect }' 2 4 8 8
b 'conv_transpose: { channels: 4, kernel: 3, same: true, stride: 2 }' 2 4 8 8
b 'conv_transpose: { channels: 4, kernel: 1, same: true, stride: 2 }' 2 4 8 8
b 'conv_transpose: { channels: 4, kernel: 4, same: true, stride: 2, dilation: 2 }' 2 4 8
b 'conv_transpose: { channels: 4, kernel: 3, same: true, stride: 3, dilation: 3 }' 2 4 8 8 8
b 'conv_transpose: { channels: 4, kernel: 1, stride: 5, output_padding: 4 }' 2 4 8
b 'conv_transpose: { channels: 4, kernel: 1, stride: 5, output_padding: 5 }' 2 4 8
b 'conv_transpose: { channels: 4, kernel: 3, stride: 2, output_padding: 1, same: true }' 2 4 8
b 'conv_transpose: { channels: 4, kernel: 3, padding: 100 }' 2 4 8
b 'conv_transpose: { channels: 6, kernel: 3, groups: 4 }' 2 8 8
b 'conv_transpose: { channels: 6, kernel: 3, groups: 3 }' 2 6 8 8 8
b 'conv_transpose: { channels: 6, kernel: 3, padding_mode: reflect }' 2 6 8 8 8
b 'conv_transpose: { channels: 65536, kernel: 1024, stride: 1024 }' 1 65536 1024 1024
b 'conv: { channels: 65536, kernel: 1024, stride: 1024 }' 1 65536 1024 1024
b 'dense: 16777216' 65536 16777216
b 'dense: 10' 0 3
b 'dense: 10' 1 0
b 'dense: 10' 1 -5
b 'dense: 10' 1 99999999999999999999
b 'dense: 10' 1 1e5
b 'relu' 1 4294967296 4294967296 4294967296
b '' 1 3
b '[]' 1 3
b 'average_pool: 3' 1 2 2
b 'average_pool: { kernel: 3, padding: 2 }' 1 2 8 8
b 'average_pool: { kernel: 3, padding: 1 }' 1 2 8 8 8
b 'average_pool: { kernel: [2,2,2] }' 1 2 8 8
b 'average_pool: 2' 1 2
b 'max_pool: { kernel: 1024, padding: 512 }' 1 2 1
b 'max_pool: { kernel: 3, stride: 1024 }' 1 2 3 3 3
b 'upsample: 16' 1 2 
b 'upsample: { factor: [16,1,3], mode: bilinear }' 1 2 1 1 1
b 'upsample: { factor: 17 }' 1 2 1 1 1
b 'upsample: { factor: [2,2] }' 1 2 4
